#include <limits>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The number whose error function is x; infinite at -1 and 1, NaN beyond.
// api: Value erfinv(Value x);
Value erfinv(Value x) {
  return build("erfinv", {x});
}

namespace {

// A starting value (Winitzki 2008), then Newton steps on erf, on erfc where it is small.
double erfinv_of(double x) {
  double size = std::fabs(x);
  if (!(size < 1)) return size == 1 ? std::copysign(std::numeric_limits<double>::infinity(), x) : std::nan("");
  constexpr double kA = 0.147;
  double log_term = std::log1p(-size * size);
  double first = 2 / (M_PI * kA) + log_term / 2;
  double y = std::sqrt(std::sqrt(first * first - log_term / kA) - first);
  for (int step = 0; step < 4; ++step) {
    double error = size < 0.5 ? std::erf(y) - size : (1 - size) - std::erfc(y);
    y -= error / (M_2_SQRTPI * std::exp(-y * y));
  }
  return std::copysign(y, x);
}

}  // namespace

void register_erfinv(OpRegistry& registry) {
  OpDef op = unary_op("erfinv", "inverse of erf", ElementTypes::floats, erfinv_of);

  registry.add(std::move(op));
}

}  // namespace accelerate::ops
