#pragma once
// Windows that slide over spatial axes: what convolutions and pools share.
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ops/options.h"

namespace accelerate::ops {

// Attributes that the spatial ops declare: strides, padding_begin, padding_end, dilations and layout.
std::vector<AttrSpec> window_attrs();
// Options completed for a number of spatial axes: empty lists filled in. Errors: invalid_argument for a list of another
// length.
std::vector<int64_t> filled(std::vector<int64_t> values, size_t axes, int64_t fallback, std::string_view what);

// One sliding window, in the order of the spatial axes.
struct Window {
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> padding_begin;
  std::vector<int64_t> padding_end;
  std::vector<int64_t> dilations;
  bool ceil_mode = false;
  bool channels_last = false;

  // Number of window positions along spatial axis i of extent n. Errors: invalid_shape if the window does not fit.
  Dim positions(size_t i, const Dim& n) const;
};
// Reads and checks the attributes. Errors: invalid_argument, invalid_graph.
Window window_of(const Attrs& attrs, std::vector<int64_t> kernel);
// The window with the spatial extents of weight [O,I,k...].
Window window_of_weight(const Attrs& attrs, const Shape& weight);
// Extents of x, from either layout: {N, C, spatial...}, and back.
template <typename Extents>
Extents channels_first(const Extents& x, bool channels_last) {
  Extents out = x;
  if (!channels_last) return out;
  for (size_t i = 2; i < x.size(); ++i) out[i] = x[i - 1];
  out[1] = x.back();
  return out;
}
template <typename Extents>
Extents from_channels_first(const Extents& x, bool channels_last) {
  Extents out = x;
  if (!channels_last) return out;
  for (size_t i = 2; i < x.size(); ++i) out[i - 1] = x[i];
  out.back() = x[1];
  return out;
}
// Strides of a tensor in the order {N, C, spatial...}.
std::vector<int64_t> channels_first_strides(const Tensor& tensor, bool channels_last);

// Result of conv. Errors: invalid_shape, invalid_dtype, invalid_argument.
TensorType conv_result(const Attrs& attrs, const TensorType& x, const TensorType& weight, const TensorType* bias);
// finish(sum, offset) gives the element of out at this offset.
void conv_reference(const Attrs& attrs, const Tensor& x, const Tensor& weight, const Tensor* bias, Tensor& out,
                    const std::function<double(double, int64_t)>& finish);
Attrs conv_attrs(const ConvOptions& options, size_t axes);
ConvOptions conv_options(const Attrs& attrs);

// Result of a pool over the attribute "kernel". Errors: invalid_shape, invalid_argument.
TensorType pool_result(const Attrs& attrs, const TensorType& x);
Attrs pool_attrs(const PoolOptions& options);
std::vector<AttrSpec> pool_attr_specs();
// For each element of out: reduce(offsets of the window's elements inside x, size of the window with padding).
void pool_reference(EvalContext& c, const std::function<double(const std::vector<int64_t>&, int64_t)>& reduce);

}  // namespace accelerate::ops
