#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Logarithm of |gamma(x)|; infinite at 0 and the negative integers.
// api: Value lgamma(Value x);
Value lgamma(Value x) {
  return build("lgamma", {x});
}

namespace {

// std::lgamma keeps the sign of gamma in a global variable; this form does not.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace

void register_lgamma(OpRegistry& registry) {
  OpDef op = unary_op("lgamma", "log |gamma(x)|", ElementTypes::floats, [](double x) { return log_gamma(x); });

  registry.add(std::move(op));
}

}  // namespace accelerate::ops
