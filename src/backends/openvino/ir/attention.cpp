// Attention as the engine's own operation.
#include <limits>

#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

constexpr DType kF32 = DType::f32;

/// Key or value heads [B,K,S,D] repeated to [B,H,S,D].
IrValue repeated(IrBuilder& b, const IrValue& x, const Dim& heads) {
  const Shape& shape = x.type.shape;
  if (shape[1] == heads) return x;
  Dim group = floordiv(heads, shape[1]);
  IrValue out = b.reshape(x, {shape[0], shape[1], 1, shape[2], shape[3]});
  out = b.broadcast(out, {shape[0], shape[1], group, shape[2], shape[3]});
  return b.reshape(out, {shape[0], heads, shape[2], shape[3]});
}

IrValue positions(IrBuilder& b, const Dim& length, const Shape& shape) {
  IrValue numbers = b.op("Range", "opset4", {b.integer(DType::i64, 0), b.extent(length), b.integer(DType::i64, 1)},
                         {DType::i64, {length}}, {{"output_type", "i64"}});
  return b.reshape(numbers, shape);
}

IrValues attention(IrBuilder& b, const EmitSite& s) {
  bool heads_second = s.attrs().string("layout") == "BHTD";
  auto arranged = [&](const IrValue& x) { return heads_second ? x : b.transpose(x, {0, 2, 1, 3}); };
  IrValue q = arranged(s.in[0]);
  const Dim heads = q.type.shape[1];
  IrValue k = repeated(b, arranged(s.in[1]), heads);
  IrValue v = repeated(b, arranged(s.in[2]), heads);
  const Dim& rows = q.type.shape[2];
  const Dim& columns = k.type.shape[2];
  IrValue minus_infinity = b.scalar(kF32, -std::numeric_limits<double>::infinity());
  IrValue zero = b.scalar(kF32, 0);
  IrValue mask;         // f32, added to the scores
  IrValue has_a_score;  // by row, where the mask may leave none
  if (s.in.size() == 4) {
    mask = s.in[3];
    if (mask.type.dtype == DType::boolean) mask = b.select(mask, zero, minus_infinity);
  }
  if (s.attrs().boolean("is_causal")) {
    IrValue allowed =
        b.binary("GreaterEqual", positions(b, rows, {rows, 1}), positions(b, columns, {1, columns}), DType::boolean);
    mask = b.select(allowed, mask.layer < 0 ? zero : mask, minus_infinity);
  }
  std::vector<IrValue> operands = {q, k, v};
  if (mask.layer >= 0) {
    if (s.in.size() == 4) {
      IrValue top = b.reduce("ReduceMax", mask, {mask.type.rank() - 1}, true);
      has_a_score = b.binary("NotEqual", top, minus_infinity, DType::boolean);
    }
    operands.push_back(mask);
  } else {
    operands.push_back(zero);
  }
  operands.push_back(b.scalar(kF32, s.attrs().number("scale")));
  TensorType result(kF32, {q.type.shape[0], heads, rows, v.type.shape[3]});
  IrValue out = b.op("ScaledDotProductAttention", "opset13", operands, result, {{"causal", "false"}});
  // A row of only -inf has no shares; it gives 0.
  if (has_a_score.layer >= 0) out = b.select(has_a_score, out, zero);
  return {arranged(out)};
}

std::optional<std::string> why_not_attention(const Graph& graph, const Node& node) {
  if (node.attrs.number("softcap") != 0) return "attention with softcap";
  if (has_nothing(graph, node)) return "attention to nothing";
  for (size_t i = 0; i < node.operands.size(); ++i) {
    const TensorType& type = graph.type_of(node.operands[i]);
    if (type.dtype != kF32 && !(i == 3 && type.dtype == DType::boolean))
      return fmt::format("attention of {}: the engine computes in f32", name_of(type.dtype));
  }
  return std::nullopt;
}

}  // namespace

void add_attention(IrTable& table) {
  table["scaled_dot_product_attention"] = {attention, why_not_attention};
}

}  // namespace accelerate::openvino_engine
