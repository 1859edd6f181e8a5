// Matrix products.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

IrValue product(IrBuilder& b, const IrValue& x, const IrValue& y, const TensorType& result, bool transposed) {
  return b.op("MatMul", "opset1", {x, y}, result,
              {{"transpose_a", "false"}, {"transpose_b", transposed ? "true" : "false"}});
}

IrValues matmul(IrBuilder& b, const EmitSite& s) {
  return {product(b, s.in[0], s.in[1], s.out[0], false)};
}

IrValues linear(IrBuilder& b, const EmitSite& s) {
  DType dtype = s.in[0].type.dtype;
  IrValue out = product(b, s.in[0], b.cast(s.in[1], dtype), s.out[0], true);
  if (s.in.size() == 3) out = b.binary("Add", out, b.cast(s.in[2], dtype), dtype);
  return {out};
}

/// Parameters may be stored in narrower types than x.
std::optional<std::string> why_not_linear(const Graph& graph, const Node& node) {
  if (graph.type_of(node.operands[0]).dtype != DType::f32 || graph.type_of(node.results[0]).dtype != DType::f32)
    return fmt::format("linear of {}: the engine computes in f32", name_of(graph.type_of(node.operands[0]).dtype));
  for (ValueId id : node.operands)
    if (!is_float(graph.type_of(id).dtype)) return fmt::format("linear by {}", name_of(graph.type_of(id).dtype));
  if (has_nothing(graph, node)) return "linear of nothing";
  return std::nullopt;
}

}  // namespace

void add_products(IrTable& table) {
  table["matmul"] = {matmul, some_f32};
  table["linear"] = {linear, why_not_linear};
}

}  // namespace accelerate::openvino_engine
