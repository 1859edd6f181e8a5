#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate::max_engine {

/// A graph as `mo` text, and what its names mean.
struct MoText {
  std::string text;
  /// Argument i of the text is graph input i.
  std::vector<std::string> arguments;
  std::vector<std::string> results;
  /// Weight nodes: the text's constant of that name has to be bound to the weight.
  std::vector<std::string> externals;
  /// Extents that no argument has as a plain extent come as the extents of further arguments without elements: for
  /// each such argument its name and its extents but for the last, which is 0; the elements are ui8.
  struct Carrier {
    std::string name;
    std::vector<Dim> dims;
  };
  std::vector<Carrier> carriers;
};

struct MoOptions {
  /// Arguments, results and weights are called as in the graph, for people and other tools.
  bool names_of_graph = false;
};

/// Writes a graph of which every node passes why_not(). Equal graphs under other names of dims and inputs give the same
/// text; every location is unknown, so that the engine can share compiled kernels between graphs.
/// Errors: unsupported_op naming all nodes that cannot be written.
MoText write_mo(const Graph& graph, const MoOptions& options = {});

/// The graph with every node that cannot be written expanded into simpler ops, as far as that leads somewhere.
Graph expanded_for_mo(Graph graph);

}  // namespace accelerate::max_engine
