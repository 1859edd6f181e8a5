// Convolutions and pools. The engine works on [N,C,...]: images with channels last are brought into that form and back.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

bool channels_last(const EmitSite& s) {
  return s.attrs().string("layout") == "NHWC";
}

/// The permutation between [N,...,C] and [N,C,...].
std::vector<int64_t> order(int rank, bool to_first) {
  std::vector<int64_t> out = {0};
  if (to_first) out.push_back(rank - 1);
  for (int i = to_first ? 1 : 2; i < (to_first ? rank - 1 : rank); ++i) out.push_back(i);
  if (!to_first) out.push_back(1);
  return out;
}

IrValue to_first(IrBuilder& b, const EmitSite& s) {
  return channels_last(s) ? b.transpose(s.in[0], order(s.in[0].type.rank(), true)) : s.in[0];
}

/// The type of the engine's result, channels first.
TensorType first_type(const EmitSite& s) {
  TensorType out = s.out[0];
  if (!channels_last(s)) return out;
  Shape shape;
  for (int64_t i : order(out.rank(), true)) shape.push_back(out.shape[static_cast<size_t>(i)]);
  out.shape = shape;
  return out;
}

IrValue from_first(IrBuilder& b, const EmitSite& s, const IrValue& x) {
  return channels_last(s) ? b.transpose(x, order(x.type.rank(), false)) : x;
}

IrAttributes window(const EmitSite& s) {
  return {{"strides", joined(s.attrs().integers("strides"))},
          {"dilations", joined(s.attrs().integers("dilations"))},
          {"pads_begin", joined(s.attrs().integers("padding_begin"))},
          {"pads_end", joined(s.attrs().integers("padding_end"))},
          {"auto_pad", "explicit"}};
}

/// The weight with its groups as an axis of their own.
IrValue grouped(IrBuilder& b, const IrValue& weight, int64_t groups) {
  Shape shape = weight.type.shape;
  shape[0] = floordiv(shape[0], groups);
  shape.insert(shape.begin(), groups);
  return b.reshape(weight, shape);
}

IrValue with_bias(IrBuilder& b, const EmitSite& s, const IrValue& x) {
  if (s.in.size() < 3) return x;
  Shape shape(x.type.shape.size(), Dim(1));
  shape[1] = s.in[2].type.shape[0];
  return b.binary("Add", x, b.reshape(b.cast(s.in[2], DType::f32), shape), DType::f32);
}

IrValues conv(IrBuilder& b, const EmitSite& s, bool transposed) {
  int64_t groups = s.attrs().integer("groups");
  IrValue weight = b.cast(s.in[1], DType::f32);
  std::string type = transposed ? "ConvolutionBackpropData" : "Convolution";
  if (groups > 1) {
    weight = grouped(b, weight, groups);
    type = "Group" + type;
  }
  IrAttributes attributes = window(s);
  if (transposed) attributes.emplace_back("output_padding", joined(s.attrs().integers("output_padding")));
  IrValue out = b.op(type, "opset1", {to_first(b, s), weight}, first_type(s), attributes);
  return {from_first(b, s, with_bias(b, s, out))};
}

IrValues avg_pool(IrBuilder& b, const EmitSite& s) {
  IrAttributes attributes = window(s);
  std::erase_if(attributes, [](const auto& a) { return a.first == "dilations"; });
  attributes.emplace_back("kernel", joined(s.attrs().integers("kernel")));
  attributes.emplace_back("rounding_type", "floor");
  attributes.emplace_back("exclude-pad", s.attrs().boolean("count_include_pad") ? "false" : "true");
  return {from_first(b, s, b.op("AvgPool", "opset1", {to_first(b, s)}, first_type(s), attributes))};
}

IrValues max_pool(IrBuilder& b, const EmitSite& s) {
  IrAttributes attributes = window(s);
  attributes.emplace_back("kernel", joined(s.attrs().integers("kernel")));
  attributes.emplace_back("rounding_type", "floor");
  attributes.emplace_back("index_element_type", "i64");
  attributes.emplace_back("axis", "0");
  TensorType type = first_type(s);
  TensorType places(DType::i64, type.shape);
  std::vector<IrValue> operands = {to_first(b, s)};
  std::vector<TensorType> results = {type, places};
  return {from_first(b, s, b.ops("MaxPool", "opset8", operands, results, attributes)[0])};
}

std::optional<std::string> why_not_conv(const Graph& graph, const Node& node) {
  if (graph.type_of(node.operands[0]).dtype != DType::f32)
    return fmt::format("{} of {}: the engine computes in f32", node.op->name,
                       name_of(graph.type_of(node.operands[0]).dtype));
  if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
  for (const Dim& d : graph.type_of(node.operands[1]).shape)
    if (!d.is_constant()) return fmt::format("{} by a kernel of varying extents", node.op->name);
  return std::nullopt;
}

std::optional<std::string> why_not_pool(const Graph& graph, const Node& node) {
  if (node.attrs.boolean("ceil_mode")) return fmt::format("{} with incomplete windows", node.op->name);
  if (node.op->name == "avg_pool")
    for (int64_t d : node.attrs.integers("dilations"))
      if (d != 1) return "avg_pool with dilation";
  return some_f32(graph, node);
}

}  // namespace

void add_convolutions(IrTable& table) {
  table["conv"] = {[](IrBuilder& b, const EmitSite& s) { return conv(b, s, false); }, why_not_conv};
  table["conv_transpose"] = {[](IrBuilder& b, const EmitSite& s) { return conv(b, s, true); }, why_not_conv};
  table["avg_pool"] = {avg_pool, why_not_pool};
  table["max_pool"] = {max_pool, why_not_pool};
}

}  // namespace accelerate::openvino_engine
