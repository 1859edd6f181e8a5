#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate {

/// What a Backend also is if it can write a graph as a file for its engine's own tools.
class GraphExporter {
 public:
  virtual ~GraphExporter() = default;
  /// Names for `export --to`, such as "max-mlir".
  virtual std::vector<std::string> export_formats() const = 0;
  /// The content of the file. Weights are referred to by name. Errors: unsupported_op naming all ops without a form;
  /// invalid_argument for an unknown format.
  virtual std::string export_graph(const Graph& graph, std::string_view format) const = 0;
};

}  // namespace accelerate
