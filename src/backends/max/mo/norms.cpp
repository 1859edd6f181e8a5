// Normalisations over the last axis; group normalisation of images.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

/// Operand i in the dtype of x, or `missing` everywhere.
MoValue parameter(MoBuilder& b, const EmitSite& s, size_t i, const Dim& extent, double missing) {
  DType dtype = s.in[0].type.dtype;
  if (i < s.in.size()) return b.cast(s.in[i], dtype);
  return b.broadcast(b.scalar(dtype, missing), {extent});
}

/// The engine takes epsilon as f32 whatever x is.
MoValue epsilon(MoBuilder& b, const EmitSite& s) {
  return b.scalar(DType::f32, s.attrs().number("eps"));
}

Values layer_norm(MoBuilder& b, const EmitSite& s) {
  const Dim& channels = s.in[0].type.shape.back();
  return {b.op("mo.reduce.layer_norm",
               {s.in[0], parameter(b, s, 1, channels, 1), parameter(b, s, 2, channels, 0), epsilon(b, s)}, s.out[0])};
}

Values rms_norm(MoBuilder& b, const EmitSite& s) {
  const Dim& channels = s.in[0].type.shape.back();
  return {b.op("mo.reduce.rms_norm",
               {s.in[0], parameter(b, s, 1, channels, 1), epsilon(b, s), b.scalar(s.in[0].type.dtype, 0)}, s.out[0],
               "multiply_before_cast = true")};
}

Values group_norm(MoBuilder& b, const EmitSite& s) {
  const Dim& channels = s.in[0].type.shape[1];
  return {b.op("mo.reduce.group_norm",
               {s.in[0], parameter(b, s, 1, channels, 1), parameter(b, s, 2, channels, 0), epsilon(b, s),
                b.integer(DType::i32, s.attrs().integer("groups"))},
               s.out[0])};
}

std::optional<std::string> why_not_norm(const Graph& graph, const Node& node) {
  const TensorType& x = graph.type_of(node.operands[0]);
  for (const Dim& d : x.shape)
    if (d.constant() == 0) return fmt::format("{} of nothing", node.op->name);
  if (x.dtype == DType::f64) return fmt::format("{} of f64", node.op->name);
  return std::nullopt;
}

std::optional<std::string> why_not_group_norm(const Graph& graph, const Node& node) {
  const TensorType& x = graph.type_of(node.operands[0]);
  if (x.rank() != 4 || node.attrs.string("layout") != "NCHW") return "group_norm other than of [N,C,H,W]";
  if (x.dtype != DType::f32) return fmt::format("group_norm of {}", name_of(x.dtype));
  return why_not_norm(graph, node);
}

}  // namespace

void add_norms(MoTable& table) {
  table["layer_norm"] = {layer_norm, why_not_norm};
  table["rms_norm"] = {rms_norm, why_not_norm};
  table["group_norm"] = {group_norm, why_not_group_norm};
}

}  // namespace accelerate::max_engine
