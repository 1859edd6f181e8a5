#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
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
  /// Apply the patch even if it is empty: what nothing uses goes.
  bool drops_dead_nodes = false;
};

struct PassRunReport {
  std::string name;
  double time_ms = 0;
  int changes = 0;  // values replaced
  int nodes_before = 0;
  int nodes_after = 0;
};

/// Portable passes always run; a backend pass runs if its name is in `wanted`.
struct PipelineOptions {
  std::set<std::string> wanted;    // backend passes
  std::set<std::string> disabled;  // by name
  /// Called with the graph each time `dump_after` (the name of a pass, or empty) has run.
  std::string dump_after;
  std::function<void(const Graph&)> dump;
};

/// Runs the passes in pipeline order on the graph and on the regions of its nodes (a fused region stays as it is), and
/// verifies after each that changed something. One report a pass: what it did in all its runs.
/// Errors: invalid_argument for a name in options that is no pass; internal if a pass breaks the graph.
Graph run_passes(Graph graph, const PipelineOptions& options, std::vector<PassRunReport>* reports = nullptr);

/// One pass alone, to its fixed point. Errors: invalid_argument for an unknown name; internal.
Graph run_pass(std::string_view name, Graph graph);

/// All passes in pipeline order, once each, for --explain and the documentation.
struct PassInfo {
  std::string name;
  std::string doc;
  bool portable = true;
};
std::vector<PassInfo> list_passes();

}  // namespace accelerate
