// Convolutions and pools. MAX works on channels-last images with two (or three) spatial axes: others are brought into
// that form and back.
#include <limits>

#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

/// The sliding window in the form of MAX: one spatial axis counts as two.
struct Window {
  std::vector<int64_t> kernel, strides, begin, end, dilations;
  size_t axes = 0;  // of ours
  bool channels_last = false;

  /// "begin, end" of each axis.
  std::string paddings() const {
    std::string out;
    for (size_t i = 0; i < begin.size(); ++i)
      out += (out.empty() ? "" : ", ") + std::to_string(begin[i]) + ", " + std::to_string(end[i]);
    return out;
  }
};

std::string list(const std::vector<int64_t>& values) {
  std::string out;
  for (int64_t v : values) out += (out.empty() ? "" : ", ") + std::to_string(v);
  return out;
}

Window window_of(const Attrs& attrs, std::vector<int64_t> kernel) {
  Window w{std::move(kernel), attrs.integers("strides"), attrs.integers("padding_begin"), attrs.integers("padding_end"),
           attrs.integers("dilations")};
  w.axes = w.kernel.size();
  w.channels_last = attrs.string("layout") == "NHWC";
  if (w.axes == 1) {
    w.kernel.insert(w.kernel.begin(), 1);
    w.strides.insert(w.strides.begin(), 1);
    w.begin.insert(w.begin.begin(), 0);
    w.end.insert(w.end.begin(), 0);
    w.dilations.insert(w.dilations.begin(), 1);
  }
  return w;
}

MoValue to_image(MoBuilder& b, const Window& w, MoValue x) {
  if (!w.channels_last) {
    std::vector<int64_t> order = {0};
    for (size_t i = 0; i < w.axes; ++i) order.push_back(static_cast<int64_t>(i) + 2);
    order.push_back(1);
    x = b.transpose(x, order);
  }
  if (w.axes != 1) return x;
  const Shape& s = x.type.shape;
  return b.reshape(x, {s[0], 1, s[1], s[2]});
}

MoValue from_image(MoBuilder& b, const Window& w, MoValue x) {
  if (w.axes == 1) {
    const Shape& s = x.type.shape;
    x = b.reshape(x, {s[0], s[2], s[3]});
  }
  if (w.channels_last) return x;
  std::vector<int64_t> order = {0, static_cast<int64_t>(w.axes) + 1};
  for (size_t i = 0; i < w.axes; ++i) order.push_back(static_cast<int64_t>(i) + 1);
  return b.transpose(x, order);
}

/// The recorded result type in the form of MAX.
TensorType image_type(const Window& w, const TensorType& type) {
  TensorType out = type;
  Shape& s = out.shape;
  if (!w.channels_last) {
    Dim channels = s[1];
    s.erase(s.begin() + 1);
    s.push_back(channels);
  }
  if (w.axes == 1) s.insert(s.begin() + 1, Dim(1));
  return out;
}

/// An op of windows, whose result extents MAX infers as floor((n + padding - span + stride) / stride).
MoValue windowed(MoBuilder& b, const Window& w, std::string_view name, const std::vector<MoValue>& operands,
                 const std::vector<std::string>& operand_types, const TensorType& result,
                 const std::string& attributes) {
  bool symbolic = false;
  std::string inferred = "!mo.tensor<[" + b.dim(result.shape[0]);
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const Dim& extent = operands[0].type.shape[i + 1];
    if (extent.is_constant()) {
      inferred += ", " + b.dim(result.shape[i + 1]);
      continue;
    }
    symbolic = true;
    int64_t offset = w.begin[i] + w.end[i] - w.dilations[i] * (w.kernel[i] - 1) - 1 + w.strides[i];
    std::string sum = offset == 0 ? b.dim(extent) : fmt::format("add({}, {})", b.dim(extent), offset);
    inferred += ", " + (w.strides[i] == 1 ? sum : fmt::format("div({}, {})", sum, w.strides[i]));
  }
  inferred += fmt::format(", {}], {}>", b.dim(result.shape.back()), MoBuilder::element(result.dtype));
  if (!symbolic) inferred = b.type(result);
  std::string out = b.typed(name, operands, operand_types, inferred, attributes);
  return symbolic ? b.rebind(out, inferred, result) : MoValue{out, result};
}

Values conv(MoBuilder& b, const EmitSite& s) {
  std::vector<int64_t> kernel;
  for (size_t i = 2; i < s.in[1].type.shape.size(); ++i)
    kernel.push_back(s.in[1].type.shape[i].as_constant("the kernel's extent"));
  Window w = window_of(s.attrs(), kernel);
  DType dtype = s.out[0].dtype;
  MoValue x = to_image(b, w, s.in[0]);
  // [O, C/groups, k...] -> [k..., C/groups, O]
  std::vector<int64_t> order;
  for (size_t i = 0; i < w.axes; ++i) order.push_back(static_cast<int64_t>(i) + 2);
  order.insert(order.end(), {1, 0});
  MoValue filter = b.transpose(b.cast(s.in[1], dtype), order);
  if (w.axes == 1) filter = b.reshape(filter, {1, filter.type.shape[0], filter.type.shape[1], filter.type.shape[2]});
  std::string layout = fmt::format("!mo.tensor<[{}], {}, {{layout = #mo.layout<{}>}}>", b.shape(filter.type.shape),
                                   MoBuilder::element(dtype), w.axes == 3 ? "QRSCF" : "RSCF");
  std::string laid_out = b.rebind_text(filter.name, b.type(filter.type), layout);
  TensorType result = image_type(w, s.out[0]);
  MoValue out = windowed(
      b, w, "rmo.conv", {x, {laid_out, filter.type}}, {b.type(x.type), layout}, result,
      fmt::format("dilations = #mosh<ape[{}]> : !mosh.ape, num_groups = {} : si64, paddings = #mosh<ape[{}]> : "
                  "!mosh.ape, strides = #mosh<ape[{}]> : !mosh.ape",
                  list(w.dilations), s.attrs().integer("groups"), w.paddings(), list(w.strides)));
  if (s.in.size() == 3) out = b.binary("add", out, b.cast(s.in[2], dtype), dtype);
  return {from_image(b, w, out)};
}

std::optional<std::string> why_not_conv(const Graph& graph, const Node& node) {
  const TensorType& weight = graph.type_of(node.operands[1]);
  for (const Dim& d : weight.shape)
    if (!d.is_constant()) return "a kernel of varying extents";
  for (const Dim& d : graph.type_of(node.operands[0]).shape)
    if (d.constant() == 0) return "conv of nothing";
  // The engine needs to know how many channels there are.
  const TensorType& x = graph.type_of(node.operands[0]);
  if (!x.shape[node.attrs.string("layout") == "NHWC" ? x.shape.size() - 1 : 1].is_constant()) return "varying channels";
  if (x.dtype != DType::f32) return fmt::format("conv of {}", name_of(x.dtype));
  if (weight.rank() == 5 && node.attrs.integer("groups") != 1) return "conv over three axes in groups";
  return std::nullopt;
}

std::string pool_attributes(const Window& w) {
  return fmt::format(
      "dilations = #mosh<ape[{}]> : !mosh.ape, filter_shape = #mosh<ape[{}]> : !mosh.ape, paddings = #mosh<ape[{}]> : "
      "!mosh.ape, strides = #mosh<ape[{}]> : !mosh.ape",
      list(w.dilations), list(w.kernel), w.paddings(), list(w.strides));
}

Values max_pool(MoBuilder& b, const EmitSite& s) {
  Window w = window_of(s.attrs(), s.attrs().integers("kernel"));
  MoValue x = to_image(b, w, s.in[0]);
  std::string attributes = "ceil_mode = false, " + pool_attributes(w);
  auto pool = [&](const MoValue& v) {
    return windowed(b, w, "rmo.max_pool", {v}, {b.type(v.type)}, image_type(w, s.out[0]), attributes);
  };
  MoValue out = pool(x);
  // The engine's maxima pass over NaN.
  MoValue nan = b.cast(b.op("rmo.mo.is_nan", {x}, {DType::boolean, x.type.shape}), x.type.dtype);
  MoValue any = b.greater(pool(nan), b.scalar(x.type.dtype, 0));
  out = b.select(any, b.scalar(x.type.dtype, std::numeric_limits<double>::quiet_NaN()), out);
  return {from_image(b, w, out)};
}

Values avg_pool(MoBuilder& b, const EmitSite& s) {
  Window w = window_of(s.attrs(), s.attrs().integers("kernel"));
  MoValue x = to_image(b, w, s.in[0]);
  std::string attributes = fmt::format("ceil_mode = false, count_boundary = {}, {}",
                                       s.attrs().boolean("count_include_pad"), pool_attributes(w));
  MoValue out = windowed(b, w, "rmo.avg_pool", {x}, {b.type(x.type)}, image_type(w, s.out[0]), attributes);
  return {from_image(b, w, out)};
}

std::optional<std::string> why_not_pool(const Graph& graph, const Node& node) {
  const TensorType& x = graph.type_of(node.operands[0]);
  if (node.attrs.integers("kernel").size() > 2) return "pools over three axes";
  if (node.attrs.boolean("ceil_mode")) return "pools that count incomplete windows";
  if (x.dtype != DType::f32) return fmt::format("pools of {}", name_of(x.dtype));
  for (const Dim& d : x.shape)
    if (d.constant() == 0) return "pools of nothing";
  return std::nullopt;
}

}  // namespace

void add_convolutions(MoTable& table) {
  table["conv"] = {conv, why_not_conv};
  table["max_pool"] = {max_pool, why_not_pool};
  table["avg_pool"] = {avg_pool, why_not_pool};
}

}  // namespace accelerate::max_engine
