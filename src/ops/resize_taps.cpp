#include "ops/resize_taps.h"

#include <algorithm>
#include <cmath>

namespace accelerate::ops {
namespace {

// The cubic convolution kernel at distance x. Source: Keys 1981, eq. 15, with a for -1/2.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return a * (((x - 5) * x + 8) * x - 4);
  return 0;
}

}  // namespace

TorchNearest torch_nearest(const Attrs& attrs) {
  const std::string& coordinates = attrs.string("coordinates");
  const std::string& rounding = attrs.string("rounding");
  if (coordinates == "asymmetric" && rounding == "floor") return TorchNearest::plain;
  if (coordinates == "half_pixel" && rounding == "round_prefer_ceil") return TorchNearest::exact;
  return TorchNearest::none;
}

namespace {

// Before it is cut to the axis.
double torch_nearest_position(TorchNearest kind, int64_t i, float step) {
  if (kind == TorchNearest::plain) return std::floor(static_cast<float>(i) * step);
  return std::floor(static_cast<float>((static_cast<double>(i) + 0.5) * static_cast<double>(step)));
}

}  // namespace

std::vector<ResizeTap> resize_taps(const Attrs& attrs, int64_t i, int64_t from, int64_t to,
                                   std::optional<double> scale) {
  const std::string& mode = attrs.string("mode");
  const std::string& coordinates = attrs.string("coordinates");
  auto in = static_cast<double>(from);
  auto out = static_cast<double>(to);
  auto at = static_cast<double>(i);
  double x = 0;
  if (coordinates == "align_corners") {
    x = to > 1 ? at * (in - 1) / (out - 1) : 0;
  } else if (coordinates == "asymmetric") {
    x = scale ? at / *scale : at * in / out;
  } else {
    x = scale ? (at + 0.5) / *scale - 0.5 : ((2 * at + 1) * in - out) / (2 * out);
    if (coordinates == "half_pixel_symmetric" && scale) x += in / 2 * (1 - out / (in * *scale));
  }
  double a = attrs.number("cubic_coefficient");
  std::vector<ResizeTap> out_taps;
  if (mode == "nearest") {
    const std::string& rounding = attrs.string("rounding");
    double position = std::floor(x);
    if (rounding == "ceil") position = std::ceil(x);
    if (rounding == "round_prefer_floor") position = std::ceil(x - 0.5);
    if (rounding == "round_prefer_ceil") position = std::floor(x + 0.5);
    if (TorchNearest kind = torch_nearest(attrs); kind != TorchNearest::none)
      position = torch_nearest_position(
          kind, i, scale ? static_cast<float>(1 / *scale) : static_cast<float>(from) / static_cast<float>(to));
    out_taps.push_back({static_cast<int64_t>(std::clamp(position, 0.0, in - 1)), 1.0});
  } else if (attrs.boolean("antialias")) {
    double width = std::max(1.0, scale ? 1 / *scale : in / out);
    double sum = 0;
    double support = width * (mode == "linear" ? 1 : 2);
    auto first = static_cast<int64_t>(std::max(0.0, std::floor(x - support)));
    auto last = static_cast<int64_t>(std::min(in - 1, std::ceil(x + support)));
    for (int64_t h = first; h <= last; ++h) {
      double distance = (static_cast<double>(h) - x) / width;
      double weight = mode == "linear" ? std::max(0.0, 1 - std::abs(distance)) : cubic(distance, a);
      if (weight != 0) out_taps.push_back({h, weight});
      sum += weight;
    }
    for (ResizeTap& tap : out_taps) tap.weight /= sum;
  } else {
    auto base = std::floor(x);
    for (int t = mode == "linear" ? 0 : -1; t <= (mode == "linear" ? 1 : 2); ++t) {
      double distance = x - (base + t);
      double weight = mode == "linear" ? 1 - std::abs(distance) : cubic(distance, a);
      out_taps.push_back({static_cast<int64_t>(std::clamp(base + t, 0.0, in - 1)), weight});
    }
  }
  return out_taps;
}

std::optional<double> resize_scale(const Attrs& attrs, size_t i) {
  const auto& scales = attrs.numbers("scales");
  return scales.empty() ? std::nullopt : std::optional<double>(scales[i]);
}

}  // namespace accelerate::ops
