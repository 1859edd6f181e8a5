#pragma once
#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate::ops {

/// Runs a graph node by node with the references (an op without one is expanded). Slow and exact.
/// inputs are in graph order. Errors: invalid_shape, invalid_dtype for inputs that do not fit; unsupported_op.
std::vector<Tensor> evaluate(const Graph& graph, std::span<const Tensor> inputs, const WeightSource* weights = nullptr);

/// Binds the symbols of the graph's input types to the extents of the given tensors.
/// Errors: invalid_shape, invalid_dtype, naming the input.
DimBindings bind_dims(const Graph& graph, std::span<const Tensor> inputs);

/// One node on concrete operands. dims must bind its symbols; unbacked results are bound into dims.
std::vector<Tensor> evaluate_node(const Graph& graph, const Node& node, std::span<const Tensor> operands,
                                  DimBindings& dims, const WeightSource* weights);

/// A graph that computes the same as the one node, in simpler ops (recursively while `keep` says no).
/// Inputs are the node's operands in order.
Graph expand_node(const Graph& graph, const Node& node);

}  // namespace accelerate::ops
