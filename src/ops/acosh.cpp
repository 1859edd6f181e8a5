#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse hyperbolic cosine; NaN below 1.
// api: Value acosh(Value x);
Value acosh(Value x) {
  return build("acosh", {x});
}

void register_acosh(OpRegistry& registry) {
  registry.add(unary_op("acosh", "acosh(x)", ElementTypes::floats, [](double x) { return std::acosh(x); }));
}

}  // namespace accelerate::ops
