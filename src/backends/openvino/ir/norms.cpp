// Normalisations over the last axis and over groups of channels.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

constexpr DType kF32 = DType::f32;

std::string number_text(double value) {
  return fmt::format("{:.9g}", value);
}

IrValues layer_norm(IrBuilder& b, const EmitSite& s) {
  const IrValue& x = s.in[0];
  IrValue out = b.op(
      "MVN", "opset6", {x, b.integers({x.type.rank() - 1})}, x.type,
      {{"eps", number_text(s.attrs().number("eps"))}, {"eps_mode", "INSIDE_SQRT"}, {"normalize_variance", "true"}});
  if (s.in.size() > 1) out = b.binary("Multiply", out, b.cast(s.in[1], kF32), kF32);
  if (s.in.size() > 2) out = b.binary("Add", out, b.cast(s.in[2], kF32), kF32);
  return {out};
}

/// In the form that the engine recognises as one operation.
IrValues rms_norm(IrBuilder& b, const EmitSite& s) {
  const IrValue& x = s.in[0];
  IrValue squares = b.binary("Power", x, b.scalar(kF32, 2), kF32);
  IrValue mean = b.reduce("ReduceMean", squares, {x.type.rank() - 1}, true);
  IrValue root = b.unary("Sqrt", b.binary("Add", mean, b.scalar(kF32, s.attrs().number("eps")), kF32));
  IrValue out = b.binary("Multiply", x, b.binary("Divide", b.scalar(kF32, 1), root, kF32), kF32);
  if (s.in.size() > 1) out = b.binary("Multiply", out, b.cast(s.in[1], kF32), kF32);
  return {out};
}

IrValues group_norm(IrBuilder& b, const EmitSite& s) {
  const IrValue& x = s.in[0];
  auto parameter = [&](size_t i, double missing) {
    return i < s.in.size() ? b.cast(s.in[i], kF32) : b.broadcast(b.scalar(kF32, missing), {x.type.shape[1]});
  };
  return {b.op("GroupNormalization", "opset12", {x, parameter(1, 1), parameter(2, 0)}, s.out[0],
               {{"num_groups", std::to_string(s.attrs().integer("groups"))},
                {"epsilon", number_text(s.attrs().number("eps"))}})};
}

std::optional<std::string> why_not_norm(const Graph& graph, const Node& node) {
  if (graph.type_of(node.operands[0]).dtype != kF32)
    return fmt::format("{} of {}: the engine computes in f32", node.op->name,
                       name_of(graph.type_of(node.operands[0]).dtype));
  if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
  return std::nullopt;
}

std::optional<std::string> why_not_group_norm(const Graph& graph, const Node& node) {
  if (node.attrs.string("layout") != "NCHW") return "group_norm with channels last";
  return why_not_norm(graph, node);
}

}  // namespace

void add_norms(IrTable& table) {
  table["layer_norm"] = {layer_norm, why_not_norm};
  table["rms_norm"] = {rms_norm, why_not_norm};
  table["group_norm"] = {group_norm, why_not_group_norm};
}

}  // namespace accelerate::openvino_engine
