// Reductions, one axis after another; scans; softmax.
#include <limits>
#include <numeric>

#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

std::vector<size_t> axes_of(const Attrs& attrs, int rank) {
  std::vector<size_t> out;
  if (attrs.has("axes"))
    for (int64_t a : attrs.integers("axes")) out.push_back(static_cast<size_t>(a < 0 ? a + rank : a));
  if (attrs.has("axis")) {
    int64_t a = attrs.integer("axis");
    out.push_back(static_cast<size_t>(a < 0 ? a + rank : a));
  }
  if (out.empty()) {
    out.resize(static_cast<size_t>(rank));
    std::iota(out.begin(), out.end(), 0);
  }
  return out;
}

MoValue over_axes(MoBuilder& b, const char* name, MoValue x, const std::vector<size_t>& axes) {
  for (size_t axis : axes) x = b.reduce(name, x, axis);
  return x;
}

/// name over the axes, in the element type of the result.
MoOp plain(const char* name, Condition condition = not_empty) {
  return {[name](MoBuilder& b, const EmitSite& s) -> Values {
            MoValue x = b.cast(s.in[0], s.out[0].dtype);
            return {b.reshape(over_axes(b, name, x, axes_of(s.attrs(), x.type.rank())), s.out[0].shape)};
          },
          std::move(condition)};
}

/// MAX's maxima pass over NaN: where there is one, it is the answer.
Values extreme(MoBuilder& b, const EmitSite& s, const char* name) {
  auto axes = axes_of(s.attrs(), s.in[0].type.rank());
  MoValue out = over_axes(b, name, s.in[0], axes);
  if (is_float(out.type.dtype)) {
    MoValue nan = b.op("rmo.mo.is_nan", {s.in[0]}, {DType::boolean, s.in[0].type.shape});
    MoValue any = over_axes(b, "max", b.cast(nan, DType::i32), axes);
    out = b.select(b.to_bool(any), b.scalar(out.type.dtype, std::numeric_limits<double>::quiet_NaN()), out);
  }
  return {b.reshape(out, s.out[0].shape)};
}

Values truth(MoBuilder& b, const EmitSite& s, const char* name) {
  MoValue x = b.cast(b.to_bool(s.in[0]), DType::i32);
  return {b.reshape(b.to_bool(over_axes(b, name, x, axes_of(s.attrs(), x.type.rank()))), s.out[0].shape)};
}

/// The first NaN, else the first extreme element.
Values arg_extreme(MoBuilder& b, const EmitSite& s, const char* name) {
  auto axis = static_cast<size_t>(s.axis());
  const MoValue& x = s.in[0];
  TensorType result(DType::i64, x.type.shape);
  result.shape[axis] = 1;
  std::string attributes = fmt::format("axis = {} : index", axis);
  MoValue out = b.op(std::string("rmo.mo.reduce.") + name, {x}, result, attributes);
  if (is_float(x.type.dtype)) {
    MoValue nan = b.cast(b.op("rmo.mo.is_nan", {x}, {DType::boolean, x.type.shape}), DType::i32);
    MoValue first = b.op("rmo.mo.reduce.arg_max", {nan}, result, attributes);
    out = b.select(b.to_bool(b.reduce("max", nan, axis)), first, out);
  }
  return {b.reshape(out, s.out[0].shape)};
}

/// MAX's softmax gives NaN only where NaN stands: a line that has one is NaN, as its sum is.
Values along_axis(MoBuilder& b, const EmitSite& s, const char* name) {
  MoValue out = b.op(name, {s.in[0]}, s.out[0], fmt::format("axis = {} : index", s.axis()));
  MoValue sum = b.reduce("add", out, static_cast<size_t>(s.axis()));
  MoValue nan = b.op("rmo.mo.is_nan", {sum}, {DType::boolean, sum.type.shape});
  return {b.select(nan, sum, out)};
}

Values cumsum(MoBuilder& b, const EmitSite& s) {
  MoValue x = b.cast(s.in[0], s.out[0].dtype);
  return {b.op("rmo.mo.cumsum", {x}, s.out[0],
               fmt::format("axis = {} : index, exclusive = {} : index, reverse = {} : index", s.axis(),
                           s.attrs().boolean("exclusive") ? 1 : 0, s.attrs().boolean("reverse") ? 1 : 0))};
}

std::optional<std::string> floats_not_empty(const Graph& graph, const Node& node) {
  if (auto why = only_floats(graph, node)) return why;
  return not_empty(graph, node);
}

std::optional<std::string> numbers_not_empty(const Graph& graph, const Node& node) {
  if (graph.type_of(node.operands[0]).dtype == DType::boolean) return fmt::format("{} of bool", node.op->name);
  return not_empty(graph, node);
}

}  // namespace

std::optional<std::string> not_empty(const Graph& graph, const Node& node) {
  const TensorType& x = graph.type_of(node.operands[0]);
  if (x.rank() == 0) return fmt::format("{} of a scalar", node.op->name);
  for (const Dim& d : x.shape)
    if (d.constant() == 0) return fmt::format("{} of nothing", node.op->name);
  return std::nullopt;
}

void add_reductions(MoTable& table) {
  table["reduce_sum"] = plain("add");
  table["reduce_prod"] = plain("mul");
  table["reduce_mean"] = plain("mean", floats_not_empty);
  table["reduce_max"] = {[](MoBuilder& b, const EmitSite& s) { return extreme(b, s, "max"); }, numbers_not_empty};
  table["reduce_min"] = {[](MoBuilder& b, const EmitSite& s) { return extreme(b, s, "min"); }, numbers_not_empty};
  table["reduce_all"] = {[](MoBuilder& b, const EmitSite& s) { return truth(b, s, "min"); }, not_empty};
  table["reduce_any"] = {[](MoBuilder& b, const EmitSite& s) { return truth(b, s, "max"); }, not_empty};
  table["arg_max"] = {[](MoBuilder& b, const EmitSite& s) { return arg_extreme(b, s, "arg_max"); }, numbers_not_empty};
  table["arg_min"] = {[](MoBuilder& b, const EmitSite& s) { return arg_extreme(b, s, "arg_min"); }, numbers_not_empty};
  table["softmax"] = {[](MoBuilder& b, const EmitSite& s) { return along_axis(b, s, "rmo.mo.reduce.softmax"); },
                      floats_not_empty};
  table["log_softmax"] = {[](MoBuilder& b, const EmitSite& s) { return along_axis(b, s, "rmo.mo.reduce.logsoftmax"); },
                          floats_not_empty};
  table["cumsum"] = {cumsum, not_empty};
}

}  // namespace accelerate::max_engine
