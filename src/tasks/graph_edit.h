#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate::tasks {

/// Values of a graph by name.
using NamedValues = std::map<std::string, Value>;

/// A copy of `base` (all inputs and nodes) whose outputs `add_outputs` makes from the base's inputs and outputs.
Graph with_outputs(
    const Graph& base,
    const std::function<void(Graph&, const NamedValues& inputs, const NamedValues& outputs)>& add_outputs);

/// The graph with only those inputs and nodes that its outputs need.
Graph without_unused(const Graph& graph);

/// Rows of x [B,T,...] at index i64 [N,2] (batch, position) -> [N,...]. What computes x is moved behind the choice as
/// far as it treats positions apart (products with weights, norms, activations), so that it runs for the chosen rows
/// only.
Value at_positions(Value x, Value index);

/// A copy of `base` with these outputs only, in this order, and with what they need.
/// Errors: unsupported_task if there is no such output; `task` names who needs it.
Graph select_outputs(const Graph& base, const std::vector<std::string>& names, const std::string& task);

}  // namespace accelerate::tasks
