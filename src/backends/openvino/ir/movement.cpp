// Ops that move elements or make them from extents.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

IrValues slice(IrBuilder& b, const EmitSite& s) {
  return {b.op("Slice", "opset8",
               {s.in[0], b.extents(s.attrs().dims("start")), b.extents(s.attrs().dims("end")),
                b.integers({s.attrs().integer("step")}), b.integers({s.axis()})},
               s.out[0])};
}

IrValues split(IrBuilder& b, const EmitSite& s) {
  Shape sizes;
  auto axis = static_cast<size_t>(s.axis());
  for (const TensorType& part : s.out) sizes.push_back(part.shape[axis]);
  std::vector<IrValue> operands = {s.in[0], b.integer(DType::i64, s.axis()), b.extents(sizes)};
  return b.ops("VariadicSplit", "opset1", operands, s.out);
}

IrValues pad(IrBuilder& b, const EmitSite& s) {
  const std::string& mode = s.attrs().string("mode");
  DType dtype = s.out[0].dtype;
  IrValue begin = b.extents(s.attrs().dims("begin"));
  IrValue end = b.extents(s.attrs().dims("end"));
  IrValue fill = mode == "constant" ? b.scalar(dtype, s.attrs().number("value")) : b.scalar(dtype, 0);
  const char* theirs = mode == "constant" ? "constant" : mode == "reflect" ? "reflect" : "edge";
  return {b.op("Pad", "opset1", {s.in[0], begin, end, fill}, s.out[0], {{"pad_mode", theirs}})};
}

std::optional<std::string> why_not_pad(const Graph& graph, const Node& node) {
  if (node.attrs.string("mode") == "circular") return "circular padding";
  if (graph.type_of(node.operands[0]).rank() == 0) return "padding of a scalar";
  if (has_nothing(graph, node)) return "padding of nothing";
  for (const char* side : {"begin", "end"})
    for (const Dim& d : node.attrs.dims(side))
      if (d.constant().value_or(0) < 0) return "negative padding";
  return only_32_bits(graph, node);
}

IrValues iota(IrBuilder& b, const EmitSite& s) {
  IrValue numbers = b.op("Range", "opset4",
                         {b.integer(DType::i64, 0), b.extent(s.attrs().dims("length").at(0)), b.integer(DType::i64, 1)},
                         {DType::i64, s.out[0].shape}, {{"output_type", "i64"}});
  return {b.cast(numbers, s.out[0].dtype)};
}

}  // namespace

void add_movement(IrTable& table) {
  table["reshape"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.reshape(s.in[0], s.out[0].shape)}; },
                      only_moved};
  table["transpose"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                          return {b.transpose(s.in[0], s.attrs().integers("permutation"))};
                        },
                        only_moved};
  table["concat"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                       return {b.op("Concat", "opset1", s.in, s.out[0], {{"axis", std::to_string(s.axis())}})};
                     },
                     only_moved};
  table["slice"] = {slice, only_moved};
  table["split"] = {split, only_moved};
  table["expand"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.broadcast(s.in[0], s.out[0].shape)}; },
                     only_moved};
  table["pad"] = {pad, why_not_pad};
  table["tile"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                     return {b.op("Tile", "opset1", {s.in[0], b.extents(s.attrs().dims("repeats"))}, s.out[0])};
                   },
                   only_moved};
  table["full"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                     return {b.broadcast(b.scalar(s.out[0].dtype, s.attrs().number("value")), s.out[0].shape)};
                   },
                   only_compared};
  table["iota"] = {iota, only_compared};
  table["dim_value"] = {
      [](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.extent(s.attrs().dims("dim").at(0))}; }, nullptr};
}

}  // namespace accelerate::openvino_engine
