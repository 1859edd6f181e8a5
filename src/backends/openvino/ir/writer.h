#pragma once
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backends/openvino/ir/builder.h"

namespace accelerate::openvino_engine {

/// A graph as OpenVINO IR. Input i of the text is input i of the graph; if dims is not empty, one more follows: i64[n],
/// the values of the dims in a call.
struct IrText {
  std::string text;
  std::vector<Dim> dims;
  /// The constants, where they lie: mapped weight files and small ones that the text made.
  IrBuilder::Memory memory;
};

/// Writes a graph of which every node passes why_not(). Errors: unsupported_op naming all nodes that cannot be written;
/// invalid_weights if a weight is missing.
IrText write_ir(const Graph& graph, const WeightSource& weights);

}  // namespace accelerate::openvino_engine
