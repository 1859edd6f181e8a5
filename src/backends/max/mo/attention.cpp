// Attention as products and a softmax.
#include <limits>

#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

/// Key or value heads [B,K,S,D] repeated to [B,H,S,D].
MoValue repeated(MoBuilder& b, const MoValue& x, const Dim& heads) {
  const Shape& shape = x.type.shape;
  if (shape[1] == heads) return x;
  Dim group = floordiv(heads, shape[1]);
  MoValue out = b.reshape(x, {shape[0], shape[1], 1, shape[2], shape[3]});
  out = b.broadcast(out, {shape[0], shape[1], group, shape[2], shape[3]});
  return b.reshape(out, {shape[0], heads, shape[2], shape[3]});
}

MoValue positions(MoBuilder& b, const Dim& length, const Shape& shape) {
  MoValue numbers =
      b.op("mo.range", {b.integer(DType::i64, 0), b.extent(length), b.integer(DType::i64, 1)}, {DType::i64, {length}});
  return b.reshape(numbers, shape);
}

Values attention(MoBuilder& b, const EmitSite& s) {
  bool heads_second = s.attrs().string("layout") == "BHTD";
  auto split = [&](const MoValue& x) {
    MoValue wide = b.cast(x, DType::f32);
    return heads_second ? wide : b.transpose(wide, {0, 2, 1, 3});
  };
  MoValue q = split(s.in[0]);
  const Dim heads = q.type.shape[1];
  MoValue k = repeated(b, split(s.in[1]), heads);
  MoValue v = repeated(b, split(s.in[2]), heads);
  const Dim& rows = q.type.shape[2];
  const Dim& columns = k.type.shape[2];
  TensorType scores(DType::f32, {q.type.shape[0], heads, rows, columns});
  MoValue x = b.op("rmo.matmul", {q, b.transpose(k, {0, 1, 3, 2})}, scores);
  x = b.binary("mul", x, b.scalar(DType::f32, s.attrs().number("scale")), DType::f32);
  auto minus_infinity = [&] { return b.scalar(DType::f32, -std::numeric_limits<double>::infinity()); };
  bool masked = false;
  if (s.in.size() == 4) {
    masked = true;
    const MoValue& mask = s.in[3];
    x = mask.type.dtype == DType::boolean ? b.select(mask, x, minus_infinity())
                                          : b.binary("add", x, b.cast(mask, DType::f32), DType::f32);
  }
  if (s.attrs().boolean("is_causal")) {
    masked = true;
    MoValue allowed =
        b.binary("greater_equal", positions(b, rows, {rows, 1}), positions(b, columns, {1, columns}), DType::boolean);
    x = b.select(allowed, x, minus_infinity());
  }
  MoValue shares = b.op("rmo.mo.reduce.softmax", {x}, scores, "axis = 3 : index");
  // A row of only -inf has no shares; it gives 0.
  if (masked) {
    MoValue attended = b.binary("not_equal", x, minus_infinity(), DType::boolean);
    shares = b.select(attended, shares, b.scalar(DType::f32, 0));
  }
  MoValue out = b.op("rmo.matmul", {shares, v}, {DType::f32, {q.type.shape[0], heads, rows, v.type.shape[3]}});
  if (!heads_second) out = b.transpose(out, {0, 2, 1, 3});
  return {b.cast(out, s.out[0].dtype)};
}

std::optional<std::string> why_not_attention(const Graph& graph, const Node& node) {
  if (node.attrs.number("softcap") != 0) return "attention with softcap";
  // The mask and the keys must name the extents that the scores have.
  const Shape& q = graph.type_of(node.operands[0]).shape;
  for (size_t i = 1; i < node.operands.size(); ++i)
    for (const Dim& d : graph.type_of(node.operands[i]).shape)
      if (d.constant() == 0) return "attention to nothing";
  const Shape& k = graph.type_of(node.operands[1]).shape;
  if (!(k[0] == q[0]) || !(graph.type_of(node.operands[2]).shape[0] == q[0])) return "batches of different extents";
  return std::nullopt;
}

}  // namespace

void add_attention(MoTable& table) {
  table["scaled_dot_product_attention"] = {attention, why_not_attention};
}

}  // namespace accelerate::max_engine
