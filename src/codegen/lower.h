#pragma once
// Nodes to loop kernels.
#include <optional>
#include <string>
#include <vector>

#include "codegen/loop_kernel.h"

namespace accelerate::codegen {

/// A graph as loop kernels, to be run in order. Values that a kernel reads or writes are values of `graph`.
struct LoopProgram {
  /// The graph with every node a primitive of the loop form, a view, a weight or a constant.
  Graph graph;
  std::vector<LoopKernel> kernels;
};

/// Why the node has no loop form; nothing if it has one: elementwise ops, reductions and normalisations over the last
/// axis, whatever expands into these, on f32, i32, i64 and bool.
std::optional<std::string> why_no_loops(const Graph& graph, const Node& node);

/// A graph of which every node but views, weights and constants passes why_no_loops(). Nodes that run over the same
/// lines become one kernel. Errors: unsupported_op naming the first node without a form.
LoopProgram lower(Graph graph);

}  // namespace accelerate::codegen
