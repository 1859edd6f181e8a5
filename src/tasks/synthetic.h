#pragma once
#include <vector>

#include "tasks/task_model.h"

namespace accelerate::tasks {

/// Inputs of fixed extents for measuring; the values are pseudo-random and always the same.
struct SyntheticSize {
  int64_t batch = 1;
  int64_t sequence = 128;  // tokens; cut to what the model takes
  int64_t image = 0;       // pixels a side where the graph leaves it open; 0: what the processor gives, else 224
};

/// The extents of a graph's symbols for a size. Errors: unsupported_task for a symbol of unknown meaning.
DimBindings synthetic_dims(const TaskModel& model, const Graph& graph, const SyntheticSize& size);
/// Tensors for all inputs of the graph, in order.
std::vector<Tensor> synthetic_inputs(const TaskModel& model, const Graph& graph, const DimBindings& dims);

/// Multiplications and additions of the products of a graph (matrix products, convolutions, attention), for these
/// extents. Elementwise work is not counted.
double count_flops(const Graph& graph, const DimBindings& dims);

}  // namespace accelerate::tasks
