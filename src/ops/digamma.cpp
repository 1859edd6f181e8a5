#include <limits>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Derivative of log(gamma(x)); NaN at the negative integers, an infinity at 0.
// api: Value digamma(Value x);
Value digamma(Value x) {
  return build("digamma", {x});
}

namespace {

// Reflection for negative x, recurrence up to 10, then the asymptotic series (Abramowitz &
// Stegun 6.3.7, 6.3.5, 6.3.18).
double digamma_of(double x) {
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), -x);
  double shift = 0;
  if (x < 0) {
    if (x == std::trunc(x)) return std::nan("");
    double whole = 0;
    double part = std::modf(x, &whole);
    shift = -M_PI / std::tan(M_PI * part);
    x = 1 - x;
  }
  for (; x < 10; x += 1) shift -= 1 / x;
  double z = 1 / (x * x);
  double series =
      z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * 691.0 / 32760)))));
  return shift + std::log(x) - 0.5 / x - series;
}

}  // namespace

void register_digamma(OpRegistry& registry) {
  OpDef op = unary_op("digamma", "derivative of log(gamma(x))", ElementTypes::floats, digamma_of);

  registry.add(std::move(op));
}

}  // namespace accelerate::ops
