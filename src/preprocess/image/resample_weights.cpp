#include "preprocess/image/resample_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace accelerate {
namespace {

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double bilinear(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (double{0.54F} + double{0.46F} * std::cos(x));
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) {
  return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct Filter {
  double (*function)(double);
  double support;
};

Filter filter_of(Resample filter) {
  switch (filter) {
    case Resample::box: return {box, 0.5};
    case Resample::hamming: return {hamming, 1.0};
    case Resample::bicubic: return {bicubic, 2.0};
    case Resample::lanczos: return {lanczos, 3.0};
    case Resample::nearest:
    case Resample::bilinear: break;
  }
  return {bilinear, 1.0};
}

/// One axis in double precision: the taps of an output and their normalised weights.
class AxisFilter {
 public:
  AxisFilter(int64_t in_size, int64_t out_size, const Filter& filter)
      : filter_(filter),
        in_size_(in_size),
        scale_(static_cast<double>(in_size) / static_cast<double>(out_size)),
        filter_scale_(std::max(scale_, 1.0)),
        support_(filter.support * filter_scale_) {
    taps_.resize(static_cast<size_t>(std::ceil(support_)) * 2 + 1);
  }
  int64_t max_taps() const { return static_cast<int64_t>(taps_.size()); }

  void compute(int64_t output) {
    const double center = (static_cast<double>(output) + 0.5) * scale_;
    const double inverse = 1.0 / filter_scale_;
    first_ = std::max<int64_t>(static_cast<int64_t>(center - support_ + 0.5), 0);
    const int64_t end = std::min(static_cast<int64_t>(center + support_ + 0.5), in_size_);
    count_ = std::clamp<int64_t>(end - first_, 0, max_taps());
    double total = 0.0;
    for (int64_t k = 0; k < count_; ++k) {
      taps_[k] = filter_.function((static_cast<double>(k + first_) - center + 0.5) * inverse);
      total += taps_[k];
    }
    if (total != 0.0) {
      for (int64_t k = 0; k < count_; ++k) taps_[k] /= total;
    }
  }
  int64_t first() const { return first_; }
  int64_t count() const { return count_; }
  double tap(int64_t k) const { return taps_[k]; }

 private:
  Filter filter_;
  int64_t in_size_;
  double scale_;
  double filter_scale_;
  double support_;
  std::vector<double> taps_;
  int64_t first_ = 0;
  int64_t count_ = 0;
};

/// PyTorch takes the most fraction bits with which the largest weight of the axis fits in 16 bits.
int torch_precision(AxisFilter& axis, int64_t out_size) {
  double largest = 0.0;
  for (int64_t i = 0; i < out_size; ++i) {
    axis.compute(i);
    for (int64_t k = 0; k < axis.count(); ++k) largest = std::max(largest, axis.tap(k));
  }
  int precision = 0;
  while (precision < 22 && static_cast<int>(0.5 + largest * (1 << (precision + 1))) < (1 << 15)) ++precision;
  return precision;
}

}  // namespace

AxisWeights axis_weights(int64_t in_size, int64_t out_size, int64_t start, int64_t length, Resample filter,
                         ResizeArithmetic arithmetic) {
  AxisFilter axis(in_size, out_size, filter_of(filter));
  const bool torch = arithmetic == ResizeArithmetic::torch && filter != Resample::box && filter != Resample::hamming;
  AxisWeights result;
  result.precision = torch ? torch_precision(axis, out_size) : 22;
  result.stride = (std::min(axis.max_taps(), in_size) + kTapBlock - 1) / kTapBlock * kTapBlock;
  result.first.resize(length);
  result.count.resize(length);
  result.weights.assign(length * result.stride, 0);
  for (int64_t i = 0; i < length; ++i) {
    axis.compute(start + i);
    result.first[i] = static_cast<int32_t>(std::min(axis.first(), in_size - 1));
    result.count[i] = static_cast<int32_t>(std::max<int64_t>(axis.count(), 1));
    int32_t* weights = result.weights.data() + i * result.stride;
    for (int64_t k = 0; k < axis.count(); ++k) {
      const double value = axis.tap(k) * (1 << result.precision);
      weights[k] = static_cast<int32_t>(value < 0 ? value - 0.5 : value + 0.5);
    }
  }
  return result;
}

std::vector<int32_t> nearest_indices(int64_t in_size, int64_t out_size, int64_t start, int64_t length,
                                     ResizeArithmetic arithmetic) {
  std::vector<int32_t> indices(length);
  if (arithmetic == ResizeArithmetic::torch) {
    const float scale = static_cast<float>(in_size) / static_cast<float>(out_size);
    for (int64_t i = 0; i < length; ++i) {
      const float position = std::floor((static_cast<float>(start + i) + 0.5F) * scale);
      indices[i] = static_cast<int32_t>(std::min(static_cast<int64_t>(position), in_size - 1));
    }
    return indices;
  }
  // Pillow adds the step up, rounding as it goes.
  const double step = static_cast<double>(in_size) / static_cast<double>(out_size);
  double position = step * 0.5;
  for (int64_t i = 0; i < start + length; ++i, position += step) {
    if (i >= start) indices[i - start] = static_cast<int32_t>(std::min(static_cast<int64_t>(position), in_size - 1));
  }
  return indices;
}

}  // namespace accelerate
