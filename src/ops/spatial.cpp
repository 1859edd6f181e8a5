#include "ops/spatial.h"

#include <algorithm>

#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

std::vector<AttrSpec> window_attrs() {
  return {{"strides", AttrKind::integers, std::nullopt, false, "step of each spatial axis"},
          {"padding_begin", AttrKind::integers, std::nullopt, false, "padding before each spatial axis"},
          {"padding_end", AttrKind::integers, std::nullopt, false, "padding behind each spatial axis"},
          {"dilations", AttrKind::integers, std::nullopt, false, "distance of kernel elements"},
          {"layout", AttrKind::string, Attr(std::string("NCHW")), false, "NCHW or NHWC: axes of x and the result"}};
}

std::vector<int64_t> filled(std::vector<int64_t> values, size_t axes, int64_t fallback, std::string_view what) {
  if (values.empty()) values.assign(axes, fallback);
  if (values.size() != axes)
    fail(ErrorCode::invalid_argument, "{} has {} numbers; expected {}, one for each spatial axis", what, values.size(),
         axes);
  return values;
}

Dim Window::positions(size_t i, const Dim& n) const {
  Dim span = n + padding_begin[i] + padding_end[i] - Dim(dilations[i]) * Dim(kernel[i] - 1) - 1;
  // An incomplete window counts in ceil_mode, a lone one too.
  if (span.constant().value_or(0) <= (ceil_mode ? -strides[i] : -1))
    fail(ErrorCode::invalid_shape,
         "a window of {} (dilation {}) does not fit in an extent of {} with padding {} and {}", kernel[i], dilations[i],
         n.to_string(), padding_begin[i], padding_end[i]);
  if (!ceil_mode) return floordiv(span, strides[i]) + 1;
  // The last window must begin inside the input or the padding before it.
  return min(ceildiv(span, strides[i]), floordiv(n + padding_begin[i] - 1, strides[i])) + 1;
}

Window window_of(const Attrs& attrs, std::vector<int64_t> kernel) {
  Window w;
  size_t axes = kernel.size();
  w.kernel = std::move(kernel);
  w.strides = filled(attrs.integers("strides"), axes, 1, "strides");
  w.padding_begin = filled(attrs.integers("padding_begin"), axes, 0, "padding_begin");
  w.padding_end = filled(attrs.integers("padding_end"), axes, 0, "padding_end");
  w.dilations = filled(attrs.integers("dilations"), axes, 1, "dilations");
  require_one_of("layout", attrs.string("layout"), {"NCHW", "NHWC"});
  w.channels_last = attrs.string("layout") == "NHWC";
  auto require_at_least = [](const std::vector<int64_t>& values, int64_t least, std::string_view what) {
    constexpr int64_t kMost = int64_t{1} << 31;
    for (int64_t value : values)
      if (value < least || value > kMost)
        fail(ErrorCode::invalid_argument, "{} is {}; expected {} to {}", what, value, least, kMost);
  };
  require_at_least(w.kernel, 1, "an extent of the kernel");
  require_at_least(w.strides, 1, "a stride");
  require_at_least(w.dilations, 1, "a dilation");
  require_at_least(w.padding_begin, 0, "a padding");
  require_at_least(w.padding_end, 0, "a padding");
  return w;
}

Window window_of_weight(const Attrs& attrs, const Shape& weight) {
  std::vector<int64_t> kernel;
  for (size_t i = 2; i < weight.size(); ++i) kernel.push_back(weight[i].as_constant("an extent of the kernel"));
  return window_of(attrs, std::move(kernel));
}

std::vector<int64_t> channels_first_strides(const Tensor& tensor, bool channels_last) {
  return channels_first(strides_of(tensor.shape()), channels_last);
}

namespace {

std::vector<int64_t> completed(const std::vector<int64_t>& end, const std::vector<int64_t>& begin) {
  return end.empty() ? begin : end;
}

}  // namespace

Attrs conv_attrs(const ConvOptions& options, size_t axes) {
  return Attrs{{"strides", filled(options.strides, axes, 1, "strides")},
               {"padding_begin", filled(options.padding_begin, axes, 0, "padding_begin")},
               {"padding_end", filled(completed(options.padding_end, options.padding_begin), axes, 0, "padding_end")},
               {"dilations", filled(options.dilations, axes, 1, "dilations")},
               {"groups", options.groups},
               {"layout", options.layout}};
}

ConvOptions conv_options(const Attrs& attrs) {
  return {attrs.integers("strides"),   attrs.integers("padding_begin"), attrs.integers("padding_end"),
          attrs.integers("dilations"), attrs.integer("groups"),         attrs.string("layout")};
}

TensorType conv_result(const Attrs& attrs, const TensorType& x, const TensorType& weight, const TensorType* bias) {
  for (const TensorType* t : {&x, &weight, bias}) {
    if (t != nullptr && !is_float(t->dtype))
      fail(ErrorCode::invalid_dtype, "an operand is {}; expected a float type", t->to_string());
  }
  if (x.rank() < 3 || x.rank() > 5 || weight.rank() != x.rank())
    fail(ErrorCode::invalid_shape,
         "x is {} and weight {}; expected [N,C,...] and [O,C/groups,...] with 1 to 3 spatial axes", x.to_string(),
         weight.to_string());
  Window window = window_of_weight(attrs, weight.shape);
  int64_t groups = attrs.integer("groups");
  if (groups < 1 || groups > (int64_t{1} << 31))
    fail(ErrorCode::invalid_argument, "groups is {}; expected 1 or more", groups);
  Shape shape = channels_first(x.shape, window.channels_last);
  if (shape[1].is_constant() && shape[1] != weight.shape[1] * Dim(groups))
    fail(ErrorCode::invalid_shape, "x is {} ({}): {} channels; weight {} with {} groups takes {}", x.to_string(),
         attrs.string("layout"), shape[1].to_string(), weight.to_string(), groups,
         (weight.shape[1] * Dim(groups)).to_string());
  unify(shape[1], weight.shape[1] * Dim(groups), "channels of x and weight");
  if (weight.shape[0].constant().value_or(0) % groups != 0)
    fail(ErrorCode::invalid_shape, "{} result channels in {} groups; expected a multiple", weight.shape[0].to_string(),
         groups);
  if (bias != nullptr && (bias->rank() != 1 || bias->shape[0] != weight.shape[0]))
    fail(ErrorCode::invalid_shape, "bias is {}; expected [{}]", bias->to_string(), weight.shape[0].to_string());
  shape[1] = weight.shape[0];
  for (size_t i = 2; i < shape.size(); ++i) shape[i] = window.positions(i - 2, shape[i]);
  return {x.dtype, from_channels_first(shape, window.channels_last)};
}

void conv_reference(const Attrs& attrs, const Tensor& x, const Tensor& weight, const Tensor* bias, Tensor& out,
                    const std::function<double(double, int64_t)>& finish) {
  std::vector<int64_t> kernel(weight.shape().begin() + 2, weight.shape().end());
  Window window = window_of(attrs, kernel);
  auto from = channels_first(x.shape(), window.channels_last);
  auto to = channels_first(out.shape(), window.channels_last);
  auto x_strides = channels_first_strides(x, window.channels_last);
  auto out_strides = channels_first_strides(out, window.channels_last);
  auto weight_strides = strides_of(weight.shape());
  int64_t groups = attrs.integer("groups");
  int64_t channels = weight.dim(1);
  int64_t group_width = weight.dim(0) / groups;
  if (from[1] != channels * groups || weight.dim(0) % groups != 0)
    fail(ErrorCode::invalid_shape, "x is {} and weight {} with {} groups", to_string(x.shape()),
         to_string(weight.shape()), groups);
  for_each_index(to, [&](const std::vector<int64_t>& at) {
    double sum = bias != nullptr ? bias->get(at[1]) : 0.0;
    int64_t first_channel = at[1] / group_width * channels;
    for_each_index(kernel, [&](const std::vector<int64_t>& tap) {
      int64_t x_at = at[0] * x_strides[0];
      int64_t w_at = at[1] * weight_strides[0];
      for (size_t i = 0; i < tap.size(); ++i) {
        int64_t position = at[i + 2] * window.strides[i] - window.padding_begin[i] + tap[i] * window.dilations[i];
        if (position < 0 || position >= from[i + 2]) return;
        x_at += position * x_strides[i + 2];
        w_at += tap[i] * weight_strides[i + 2];
      }
      for (int64_t channel = 0; channel < channels; ++channel)
        sum += x.get(x_at + (first_channel + channel) * x_strides[1]) * weight.get(w_at + channel * weight_strides[1]);
    });
    int64_t offset = offset_of(at, out_strides);
    out.set(offset, finish(sum, offset));
  });
}

std::vector<AttrSpec> pool_attr_specs() {
  auto out = window_attrs();
  out.push_back({"kernel", AttrKind::integers, std::nullopt, false, "extents of the window"});
  out.push_back({"ceil_mode", AttrKind::boolean, Attr(false), false, "a last, incomplete window counts"});
  return out;
}

Attrs pool_attrs(const PoolOptions& options) {
  size_t axes = options.kernel.size();
  return Attrs{{"kernel", options.kernel},
               {"strides", options.strides.empty() ? options.kernel : filled(options.strides, axes, 1, "strides")},
               {"padding_begin", filled(options.padding_begin, axes, 0, "padding_begin")},
               {"padding_end", filled(completed(options.padding_end, options.padding_begin), axes, 0, "padding_end")},
               {"dilations", filled(options.dilations, axes, 1, "dilations")},
               {"ceil_mode", options.ceil_mode},
               {"layout", options.layout}};
}

TensorType pool_result(const Attrs& attrs, const TensorType& x) {
  Window window = window_of(attrs, attrs.integers("kernel"));
  window.ceil_mode = attrs.boolean("ceil_mode");
  if (window.kernel.empty() || window.kernel.size() > 3 || x.shape.size() != window.kernel.size() + 2)
    fail(ErrorCode::invalid_shape, "x is {} for a window of {} axes; expected [N,C,...] with 1 to 3 spatial axes",
         x.to_string(), window.kernel.size());
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    int64_t reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    if (window.padding_begin[i] >= reach || window.padding_end[i] >= reach)
      fail(ErrorCode::invalid_argument, "padding {} and {} for a window of {}; expected less than the window",
           window.padding_begin[i], window.padding_end[i], window.kernel[i]);
  }
  Shape shape = channels_first(x.shape, window.channels_last);
  for (size_t i = 2; i < shape.size(); ++i) shape[i] = window.positions(i - 2, shape[i]);
  return {x.dtype, from_channels_first(shape, window.channels_last)};
}

void pool_reference(EvalContext& c, const std::function<double(const std::vector<int64_t>&, int64_t)>& reduce) {
  Window window = window_of(c.attrs, c.attrs.integers("kernel"));
  Tensor& out = c.outputs[0];
  auto from = channels_first(c.inputs[0].shape(), window.channels_last);
  auto to = channels_first(out.shape(), window.channels_last);
  auto x_strides = channels_first_strides(c.inputs[0], window.channels_last);
  auto out_strides = channels_first_strides(out, window.channels_last);
  std::vector<int64_t> inside;
  for_each_index(to, [&](const std::vector<int64_t>& at) {
    inside.clear();
    int64_t size = 0;
    for_each_index(window.kernel, [&](const std::vector<int64_t>& tap) {
      int64_t offset = at[0] * x_strides[0] + at[1] * x_strides[1];
      bool is_inside = true;
      for (size_t i = 0; i < tap.size(); ++i) {
        int64_t position = at[i + 2] * window.strides[i] - window.padding_begin[i] + tap[i] * window.dilations[i];
        if (position >= from[i + 2] + window.padding_end[i]) return;  // beyond the padding, with ceil_mode
        is_inside = is_inside && position >= 0 && position < from[i + 2];
        offset += position * x_strides[i + 2];
      }
      ++size;
      if (is_inside) inside.push_back(offset);
    });
    out.set(offset_of(at, out_strides), reduce(inside, size));
  });
}

}  // namespace accelerate::ops
