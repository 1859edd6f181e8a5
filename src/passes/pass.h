#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate {

/// A rewrite of a graph that keeps its meaning. run() looks at the graph and returns a patch (empty: nothing to do);
/// the runner applies it, verifies the result and repeats while the patch changes something, at most max_rounds times.
struct Pass {
  std::string name;
  std::string doc;
  std::function<void(Patch& patch)> run;  // patch.base() is the graph
  int max_rounds = 8;
};

struct PassRunReport {
  std::string name;
  double time_ms = 0;
  int changes = 0;  // values replaced
  int nodes_before = 0;
  int nodes_after = 0;
};

/// The passes in order. Portable ones always run; a backend pass runs if its name is in `wanted`.
struct PipelineOptions {
  std::set<std::string> wanted;    // backend passes
  std::set<std::string> disabled;  // by name
};
Graph run_passes(Graph graph, const PipelineOptions& options, std::vector<PassRunReport>* reports = nullptr);

/// All passes in pipeline order, for --explain and the documentation.
struct PassInfo {
  std::string name;
  std::string doc;
  bool portable = true;
};
std::vector<PassInfo> list_passes();

}  // namespace accelerate
