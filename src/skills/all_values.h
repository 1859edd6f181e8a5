#pragma once
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"
#include "runtime/session.h"

namespace accelerate::skills {

/// Names of all passes, for SessionOptions::disabled_passes.
std::vector<std::string> all_pass_names();

/// Runs a graph without any pass and gives the value of each node under "NODE.OP" (a second result: "NODE.OP.1"), whose
/// order is that of the nodes, beside the graph's own outputs.
std::map<std::string, Tensor> all_values(const Graph& graph, std::shared_ptr<const WeightSource> weights,
                                         SessionOptions session, const std::map<std::string, Tensor>& inputs);

}  // namespace accelerate::skills
