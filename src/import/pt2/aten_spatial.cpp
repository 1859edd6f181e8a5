// Convolution, pooling, interpolation, sampling.
#include <algorithm>
#include <cmath>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

/// One number for each of n axes; PyTorch lets a lone number stand for all.
std::vector<int64_t> per_axis(Call& c, std::string_view name, size_t n, int64_t fallback) {
  std::vector<int64_t> out = c.integers(name, std::vector<int64_t>{});
  if (out.empty()) return std::vector<int64_t>(n, fallback);
  if (out.size() == 1) out.resize(n, out[0]);
  if (out.size() != n) fail(ErrorCode::invalid_model, "'{}' has {} numbers for {} axes", name, out.size(), n);
  return out;
}

/// fn on x [N,C,...]; a lone item [C,...] gets a batch axis for it.
template <typename Fn>
Value batched(Value x, size_t spatial, Fn fn) {
  if (x.rank() == static_cast<int>(spatial) + 2) return fn(x);
  if (x.rank() != static_cast<int>(spatial) + 1)
    fail(ErrorCode::invalid_model, "{} with {} spatial axes", x.type().to_string(), spatial);
  const Value out = fn(ops::unsqueeze(x, 0));
  return ops::reshape(out, Shape(out.shape().begin() + 1, out.shape().end()));
}

Value convolve(Call& c, size_t spatial, bool transposed) {
  const Value weight = c.tensor("weight");
  const Value bias = c.optional_tensor("bias");
  const int64_t groups = c.integer("groups", 1);
  const auto strides = per_axis(c, "stride", spatial, 1);
  const auto dilations = per_axis(c, "dilation", spatial, 1);
  if (transposed) {
    ops::ConvTransposeOptions options;
    options.strides = strides;
    options.dilations = dilations;
    options.groups = groups;
    options.padding_begin = options.padding_end = per_axis(c, "padding", spatial, 0);
    options.output_padding = per_axis(c, "output_padding", spatial, 0);
    return batched(c.tensor("input"), spatial, [&](Value x) { return ops::conv_transpose(x, weight, bias, options); });
  }
  ops::ConvOptions options;
  options.strides = strides;
  options.dilations = dilations;
  options.groups = groups;
  const Item padding = c.item("padding");
  if (std::holds_alternative<std::string>(padding.content)) {
    const std::string mode = c.string("padding", "valid");
    if (mode != "same" && mode != "valid") c.refuse("the padding '{}'; expected same or valid", printable(mode));
    for (size_t i = 0; i < spatial; ++i) {
      const int64_t kernel = weight.dim(static_cast<int>(i) + 2).as_constant("a kernel's extent");
      const int64_t total = mode == "same" ? dilations[i] * (kernel - 1) : 0;
      options.padding_begin.push_back(total / 2);
      options.padding_end.push_back(total - total / 2);
    }
  } else {
    options.padding_begin = options.padding_end = per_axis(c, "padding", spatial, 0);
  }
  return batched(c.tensor("input"), spatial, [&](Value x) { return ops::conv(x, weight, bias, options); });
}

template <size_t spatial>
Item conv(Call& c) {
  return convolve(c, spatial, false);
}
template <size_t spatial>
Item conv_transpose(Call& c) {
  return convolve(c, spatial, true);
}
Item convolution(Call& c) {
  return convolve(c, static_cast<size_t>(c.tensor("weight").rank() - 2), c.boolean("transposed", false));
}

ops::PoolOptions pool_options(Call& c, size_t spatial) {
  ops::PoolOptions options;
  options.kernel = per_axis(c, "kernel_size", spatial, 1);
  options.strides =
      c.integers("stride", std::vector<int64_t>{}).empty() ? options.kernel : per_axis(c, "stride", spatial, 1);
  options.padding_begin = options.padding_end = per_axis(c, "padding", spatial, 0);
  options.dilations = per_axis(c, "dilation", spatial, 1);
  options.ceil_mode = c.boolean("ceil_mode", false);
  options.count_include_pad = c.boolean("count_include_pad", true);
  return options;
}

template <size_t spatial>
Item max_pool(Call& c) {
  const ops::PoolOptions options = pool_options(c, spatial);
  return batched(c.tensor("self"), spatial, [&](Value x) { return ops::max_pool(x, options); });
}

template <size_t spatial>
Item max_pool_indices(Call& c) {
  const ops::PoolOptions options = pool_options(c, spatial);
  const Value x = c.tensor("self");
  const bool lone = x.rank() == static_cast<int>(spatial) + 1;
  auto out = ops::max_pool_indices(lone ? ops::unsqueeze(x, 0) : x, options);
  if (lone)
    for (Value& v : out) v = ops::reshape(v, Shape(v.shape().begin() + 1, v.shape().end()));
  return out;
}

template <size_t spatial>
Item avg_pool(Call& c) {
  ops::PoolOptions options = pool_options(c, spatial);
  double factor = 1;
  if (c.given("divisor_override")) {
    // The mean over whole windows, padding included, times their size over the divisor.
    if (options.ceil_mode) c.refuse("avg_pool with divisor_override and ceil_mode");
    options.count_include_pad = true;
    for (const int64_t k : options.kernel) factor *= static_cast<double>(k);
    factor /= c.number("divisor_override");
  }
  const Value out = batched(c.tensor("self"), spatial, [&](Value x) { return ops::avg_pool(x, options); });
  return factor == 1 ? out : ops::mul(out, ops::full(c.graph(), out.dtype(), {}, factor));
}

Shape output_size(Call& c, const Value& x, size_t spatial) {
  Shape sizes;
  const Argument* given = nullptr;
  for (const NamedArgument& argument : c.node().inputs)
    if (argument.name == "output_size") given = &argument.value;
  if (given == nullptr) fail(ErrorCode::invalid_model, "output_size is missing");
  const Item item = c.item("output_size");
  if (item.list() == nullptr) {
    sizes.assign(spatial, c.dim("output_size"));
    return sizes;
  }
  for (size_t i = 0; i < item.list()->size(); ++i) {
    const Item& entry = (*item.list())[i];
    const int axis = x.rank() - static_cast<int>(item.list()->size()) + static_cast<int>(i);
    if (entry.is_none()) {
      sizes.push_back(x.dim(axis));
    } else if (const Scalar* s = entry.scalar()) {
      Scalar copy = *s;
      sizes.push_back(c.conversion().dim_of(copy));
    }
  }
  if (sizes.size() == 1 && spatial > 1) sizes.resize(spatial, sizes[0]);
  return sizes;
}

template <size_t spatial>
Item adaptive_avg_pool(Call& c) {
  const Value x = c.tensor("self");
  const Shape sizes = output_size(c, x, spatial);
  return batched(x, spatial, [&](Value v) { return ops::adaptive_avg_pool(v, sizes); });
}

template <size_t spatial>
Item adaptive_max_pool(Call& c) {
  const Value x = c.tensor("self");
  const Shape sizes = output_size(c, x, spatial);
  const bool lone = x.rank() == static_cast<int>(spatial) + 1;
  auto out = ops::adaptive_max_pool(lone ? ops::unsqueeze(x, 0) : x, sizes);
  if (lone)
    for (Value& v : out) v = ops::reshape(v, Shape(v.shape().begin() + 1, v.shape().end()));
  return out;
}

/// The scale factors that were given, as they count in the positions, if any.
std::vector<double> scale_factors(Call& c, size_t spatial) {
  if (c.given("scale_factors")) return c.numbers("scale_factors");
  std::vector<double> out;
  for (const std::string_view name : {"scales_d", "scales_h", "scales_w"})
    if (c.given(name)) out.push_back(c.number(name));
  if (c.given("scales") && out.empty()) out.push_back(c.number("scales"));
  if (out.size() != spatial) out.clear();
  return out;
}

Item upsample(Call& c, std::string mode, bool exact, bool antialias) {
  const Value x = c.tensor(c.given("input") ? "input" : "self");
  const auto spatial = static_cast<size_t>(x.rank() - 2);
  ops::ResizeOptions options;
  options.mode = std::move(mode);
  options.antialias = antialias;
  options.scales = scale_factors(c, spatial);
  if (options.mode == "nearest") {
    options.coordinates = exact ? "half_pixel" : "asymmetric";
    options.rounding = exact ? "round_prefer_ceil" : "floor";
  } else if (c.boolean("align_corners", false)) {
    options.coordinates = "align_corners";
    options.scales.clear();
  }
  if (antialias) options.cubic_coefficient = -0.5;
  Shape sizes;
  if (c.given("output_size")) {
    sizes = c.dims("output_size");
  } else if (const auto declared = c.declared_shape(); declared && declared->size() == spatial + 2) {
    sizes.assign(declared->begin() + 2, declared->end());
  } else {
    for (size_t i = 0; i < spatial; ++i) {
      const auto factor = ratio_of(options.scales.at(i));
      if (!factor) c.refuse("an image is scaled by {} to a size that the program does not declare", options.scales[i]);
      sizes.push_back(floor(Ratio(x.dim(static_cast<int>(i) + 2)) * *factor));
    }
  }
  return to_dtype(ops::resize(x, sizes, options), x.dtype());
}

Item nearest(Call& c) {
  return upsample(c, "nearest", false, false);
}
Item nearest_exact(Call& c) {
  return upsample(c, "nearest", true, false);
}
Item interpolate_linear(Call& c) {
  return upsample(c, "linear", false, false);
}
Item interpolate_cubic(Call& c) {
  return upsample(c, "cubic", false, false);
}
Item antialiased_linear(Call& c) {
  return upsample(c, "linear", false, true);
}
Item antialiased_cubic(Call& c) {
  return upsample(c, "cubic", false, true);
}

Item grid_sample(Call& c) {
  static constexpr std::string_view kModes[] = {"bilinear", "nearest", "bicubic"};
  static constexpr std::string_view kPaddings[] = {"zeros", "border", "reflection"};
  const int64_t mode = c.integer("interpolation_mode");
  const int64_t padding = c.integer("padding_mode");
  if (mode < 0 || mode > 2 || padding < 0 || padding > 2)
    fail(ErrorCode::invalid_model, "grid_sampler has the mode {} and the padding {}", mode, padding);
  const Value x = c.tensor("input");
  Value grid = c.tensor("grid");
  Shape shape = grid.shape();
  if (!shape.empty() && !shape[0].is_constant()) shape[0] = x.dim(0);
  return ops::grid_sample(x, with_shape(grid, shape), std::string(kModes[mode]), std::string(kPaddings[padding]),
                          c.boolean("align_corners", false));
}

Item im2col(Call& c) {
  ops::PoolOptions options;
  options.kernel = per_axis(c, "kernel_size", 2, 1);
  options.dilations = per_axis(c, "dilation", 2, 1);
  options.padding_begin = options.padding_end = per_axis(c, "padding", 2, 0);
  options.strides = per_axis(c, "stride", 2, 1);
  return batched(c.tensor("self"), 2, [&](Value x) { return ops::im2col(x, options); });
}

Item col2im(Call& c) {
  ops::PoolOptions options;
  options.kernel = per_axis(c, "kernel_size", 2, 1);
  options.dilations = per_axis(c, "dilation", 2, 1);
  options.padding_begin = options.padding_end = per_axis(c, "padding", 2, 0);
  options.strides = per_axis(c, "stride", 2, 1);
  const Shape sizes = c.dims("output_size");
  Value x = c.tensor("self");
  if (x.rank() == 2) {
    const Value out = ops::col2im(ops::unsqueeze(x, 0), sizes, options);
    return ops::reshape(out, Shape(out.shape().begin() + 1, out.shape().end()));
  }
  // The number of windows, as the extents of the image give it.
  Dim windows = 1;
  for (size_t i = 0; i < 2; ++i)
    windows = windows *
              (floordiv(sizes.at(i) + 2 * options.padding_begin[i] - options.dilations[i] * (options.kernel[i] - 1) - 1,
                        options.strides[i]) +
               1);
  Shape shape = x.shape();
  if (!shape.back().is_constant()) shape.back() = windows;
  return ops::col2im(with_shape(x, shape), sizes, options);
}

constexpr Mapping kMappings[] = {
    {"aten.conv1d.default", conv<1>},
    {"aten.conv1d.padding", conv<1>},
    {"aten.conv2d.default", conv<2>},
    {"aten.conv2d.padding", conv<2>},
    {"aten.conv3d.default", conv<3>},
    {"aten.conv3d.padding", conv<3>},
    {"aten.convolution.default", convolution},
    {"aten._convolution.default", convolution},
    {"aten.conv_transpose1d.default", conv_transpose<1>},
    {"aten.conv_transpose2d.input", conv_transpose<2>},
    {"aten.conv_transpose3d.input", conv_transpose<3>},
    {"aten.max_pool1d.default", max_pool<1>},
    {"aten.max_pool2d.default", max_pool<2>},
    {"aten.max_pool3d.default", max_pool<3>},
    {"aten.max_pool1d_with_indices.default", max_pool_indices<1>},
    {"aten.max_pool2d_with_indices.default", max_pool_indices<2>},
    {"aten.max_pool3d_with_indices.default", max_pool_indices<3>},
    {"aten.avg_pool1d.default", avg_pool<1>},
    {"aten.avg_pool2d.default", avg_pool<2>},
    {"aten.avg_pool3d.default", avg_pool<3>},
    {"aten.adaptive_avg_pool1d.default", adaptive_avg_pool<1>},
    {"aten.adaptive_avg_pool2d.default", adaptive_avg_pool<2>},
    {"aten._adaptive_avg_pool2d.default", adaptive_avg_pool<2>},
    {"aten.adaptive_avg_pool3d.default", adaptive_avg_pool<3>},
    {"aten._adaptive_avg_pool3d.default", adaptive_avg_pool<3>},
    {"aten.adaptive_max_pool1d.default", adaptive_max_pool<1>},
    {"aten.adaptive_max_pool2d.default", adaptive_max_pool<2>},
    {"aten.adaptive_max_pool3d.default", adaptive_max_pool<3>},
    {"aten.upsample_nearest1d.vec", nearest},
    {"aten.upsample_nearest2d.vec", nearest},
    {"aten.upsample_nearest3d.vec", nearest},
    {"aten.upsample_nearest1d.default", nearest},
    {"aten.upsample_nearest2d.default", nearest},
    {"aten.upsample_nearest3d.default", nearest},
    {"aten._upsample_nearest_exact1d.vec", nearest_exact},
    {"aten._upsample_nearest_exact2d.vec", nearest_exact},
    {"aten._upsample_nearest_exact3d.vec", nearest_exact},
    {"aten._upsample_nearest_exact1d.default", nearest_exact},
    {"aten._upsample_nearest_exact2d.default", nearest_exact},
    {"aten._upsample_nearest_exact3d.default", nearest_exact},
    {"aten.upsample_linear1d.vec", interpolate_linear},
    {"aten.upsample_linear1d.default", interpolate_linear},
    {"aten.upsample_bilinear2d.vec", interpolate_linear},
    {"aten.upsample_bilinear2d.default", interpolate_linear},
    {"aten.upsample_trilinear3d.vec", interpolate_linear},
    {"aten.upsample_trilinear3d.default", interpolate_linear},
    {"aten.upsample_bicubic2d.vec", interpolate_cubic},
    {"aten.upsample_bicubic2d.default", interpolate_cubic},
    {"aten._upsample_bilinear2d_aa.vec", antialiased_linear},
    {"aten._upsample_bilinear2d_aa.default", antialiased_linear},
    {"aten._upsample_bicubic2d_aa.vec", antialiased_cubic},
    {"aten._upsample_bicubic2d_aa.default", antialiased_cubic},
    {"aten.grid_sampler.default", grid_sample},
    {"aten.grid_sampler_2d.default", grid_sample},
    {"aten.grid_sampler_3d.default", grid_sample},
    {"aten.im2col.default", im2col},
    {"aten.col2im.default", col2im},
};

}  // namespace

std::span<const Mapping> spatial_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
