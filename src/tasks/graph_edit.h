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
Graph with_outputs(const Graph& base,
                   const std::function<void(Graph&, const NamedValues& inputs, const NamedValues& outputs)>& add_outputs);

/// A copy of `base` with these outputs only, in this order, so that nothing else is computed.
/// Errors: unsupported_task if there is no such output; `task` names who needs it.
Graph select_outputs(const Graph& base, const std::vector<std::string>& names, const std::string& task);

}  // namespace accelerate::tasks
