#pragma once
// Cuts regions out of a plan graph, in the form that backends compile.
#include <functional>
#include <memory>
#include <vector>

#include "backend/backend.h"

namespace accelerate {

/// A region as a graph of its own (see Region), and the values of the plan that it reads and gives.
struct RegionGraph {
  Graph graph;
  std::shared_ptr<const WeightSource> constants;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
};

/// What cutting needs to know about the values of the plan.
struct ConstantValues {
  std::function<bool(ValueId)> is_constant;
  std::function<Tensor(ValueId)> value_of;
  /// Was it computed from a weight file.
  std::function<bool(ValueId)> from_file;
};

/// `nodes`: indices of the region's nodes in the plan, ascending. An output is a value that something outside reads, or
/// an output of the plan.
RegionGraph cut_region(const Graph& plan, const std::vector<int>& nodes, const ConstantValues& constants);

}  // namespace accelerate
