#include "tests/conformance/compare.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace accelerate::test {
namespace {

bool equal_at(const Tensor& a, const Tensor& b, int64_t i) {
  if (!is_float(a.dtype())) return a.get_int(i) == b.get_int(i);
  double x = a.get(i);
  double y = b.get(i);
  return x == y || (std::isnan(x) && std::isnan(y));
}

double largest_finite(const Tensor& x) {
  double out = 0;
  for (int64_t i = 0, n = x.num_elements(); i < n; ++i)
    if (std::isfinite(x.get(i))) out = std::max(out, std::fabs(x.get(i)));
  return out;
}

/// Bound on |actual - expected| for an element with this expected value.
double bound_for(double expected, double largest, double epsilon, const Tolerance& t) {
  double units = t.factor * epsilon;
  if (t.numerics == Numerics::rounding) return units * (4 * std::fabs(expected) + largest);
  return units * (4 + 2 * std::sqrt(static_cast<double>(t.reduction_length))) * (std::fabs(expected) + largest + 1);
}

}  // namespace

double epsilon_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return 0x1p-52;
    case DType::f32: return 0x1p-23;
    case DType::f16: return 0x1p-10;
    case DType::bf16: return 0x1p-7;
    case DType::f8e4m3: return 0x1p-3;
    case DType::f8e5m2: return 0x1p-2;
    default: return 0;
  }
}

std::optional<std::string> difference(const Tensor& actual, const Tensor& expected, const Tolerance& tolerance) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape())
    return fmt::format("is {}; expected {}", actual.type().to_string(), expected.type().to_string());
  double largest = largest_finite(expected);
  double epsilon = epsilon_of(expected.dtype());
  int64_t wrong = 0;
  std::string first;
  for (int64_t i = 0, n = expected.num_elements(); i < n; ++i) {
    if (equal_at(actual, expected, i)) continue;
    double bound = tolerance.numerics == Numerics::exact ? 0 : bound_for(expected.get(i), largest, epsilon, tolerance);
    double distance = std::fabs(actual.get(i) - expected.get(i));
    if (std::isfinite(distance) && bound > 0 && distance <= bound) continue;
    if (++wrong == 1)
      first = fmt::format("element {} is {:.9g}; expected {:.9g} (distance {:.3g}, allowed {:.3g})", i, actual.get(i),
                          expected.get(i), distance, bound);
  }
  if (wrong == 0) return std::nullopt;
  return wrong == 1 ? first : fmt::format("{}; {} of {} elements differ", first, wrong, expected.num_elements());
}

}  // namespace accelerate::test
