// Ops that move elements or make them from extents.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

Values slice(MoBuilder& b, const EmitSite& s) {
  const MoValue& x = s.in[0];
  auto axis = static_cast<size_t>(s.axis());
  Shape starts(x.type.shape.size(), Dim(0));
  Shape ends = x.type.shape;
  std::vector<int64_t> steps(starts.size(), 1);
  starts[axis] = s.attrs().dims("start").at(0);
  ends[axis] = s.attrs().dims("end").at(0);
  steps[axis] = s.attrs().integer("step");
  return {b.slice(x, starts, ends, steps, s.out[0].shape)};
}

Values split(MoBuilder& b, const EmitSite& s) {
  const MoValue& x = s.in[0];
  auto axis = static_cast<size_t>(s.axis());
  Shape starts(x.type.shape.size(), Dim(0));
  std::vector<int64_t> steps(starts.size(), 1);
  Values out;
  for (const TensorType& part : s.out) {
    Shape ends = part.shape;
    ends[axis] = starts[axis] + part.shape[axis];
    out.push_back(b.slice(x, starts, ends, steps, part.shape));
    starts[axis] = ends[axis];
  }
  return out;
}

Values pad(MoBuilder& b, const EmitSite& s) {
  const std::string& mode = s.attrs().string("mode");
  Shape amounts;
  for (size_t i = 0; i < s.out[0].shape.size(); ++i) {
    amounts.push_back(s.attrs().dims("begin")[i]);
    amounts.push_back(s.attrs().dims("end")[i]);
  }
  MoValue paddings = b.extents(amounts);
  if (mode == "constant") {
    DType dtype = s.out[0].dtype;
    double value = s.attrs().number("value");
    MoValue fill = is_float(dtype) || dtype == DType::boolean ? b.scalar(dtype, value)
                                                              : b.integer(dtype, static_cast<int64_t>(value));
    return {b.op("mo.pad.constant", {s.in[0], paddings, fill}, s.out[0])};
  }
  return {b.op(mode == "reflect" ? "mo.pad.reflect" : "mo.pad.repeat", {s.in[0], paddings}, s.out[0])};
}

std::optional<std::string> why_not_pad(const Graph& graph, const Node& node) {
  if (node.attrs.string("mode") == "circular") return "circular padding";
  if (graph.type_of(node.operands[0]).rank() == 0) return "padding of a scalar";
  for (const char* side : {"begin", "end"})
    for (const Dim& d : node.attrs.dims(side))
      if (d.constant().value_or(0) < 0) return "negative padding";
  return std::nullopt;
}

MoValue range(MoBuilder& b, const Dim& length, DType dtype) {
  MoValue numbers =
      b.op("mo.range", {b.integer(DType::i64, 0), b.extent(length), b.integer(DType::i64, 1)}, {DType::i64, {length}});
  return b.cast(numbers, dtype);
}

}  // namespace

void add_movement(MoTable& table) {
  table["reshape"] = {[](MoBuilder& b, const EmitSite& s) -> Values { return {b.reshape(s.in[0], s.out[0].shape)}; }};
  table["transpose"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.transpose(s.in[0], s.attrs().integers("permutation"))};
  }};
  table["concat"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    auto axis = static_cast<size_t>(s.axis());
    return {b.concat(s.in, axis, s.out[0].shape[axis])};
  }};
  table["slice"] = {slice};
  table["split"] = {split};
  table["expand"] = {[](MoBuilder& b, const EmitSite& s) -> Values { return {b.broadcast(s.in[0], s.out[0].shape)}; }};
  table["pad"] = {pad, why_not_pad};
  table["tile"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.op("mo.tile", {s.in[0], b.extents(s.attrs().dims("repeats"))}, s.out[0])};
  }};
  table["full"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.broadcast(b.scalar(s.out[0].dtype, s.attrs().number("value")), s.out[0].shape)};
  }};
  table["iota"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {range(b, s.attrs().dims("length").at(0), s.out[0].dtype)};
  }};
  table["dim_value"] = {
      [](MoBuilder& b, const EmitSite& s) -> Values { return {b.extent(s.attrs().dims("dim").at(0))}; }};
}

}  // namespace accelerate::max_engine
