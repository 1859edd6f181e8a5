#pragma once
#include <cstdint>

#include "graph/graph.h"

namespace accelerate::hardware {

/// Sizes of one call.
struct CallSize {
  int64_t batch = 1;
  int64_t sequence = 128;  // tokens, frames, samples: every extent of an input that is neither batch nor picture
  int64_t image = 224;     // pixels a side
};

/// What one call of a graph asks of a machine.
struct Workload {
  /// Multiplications and additions of products; elementwise work is not counted.
  double flops = 0;
  /// Stored bytes of the weights that the graph refers to.
  double weight_bytes = 0;
  /// Most bytes of values that are alive at one time, without weights.
  double activation_bytes = 0;
  /// Bytes that the nodes read and write, each node by itself.
  double traffic_bytes = 0;
};

/// Extents of the symbols of the graph's inputs: the first axis is the batch, axes of pictures ([B,3,H,W]) are pixels,
/// the others are positions.
DimBindings call_dims(const Graph& graph, const CallSize& size);

/// Counts a graph as it was written, before passes; values whose extent only the data tell count nothing.
Workload workload_of(const Graph& graph, const DimBindings& dims, double flops);

}  // namespace accelerate::hardware
