#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse hyperbolic tangent; NaN out of [-1, 1].
// api: Value atanh(Value x);
Value atanh(Value x) {
  return build("atanh", {x});
}

void register_atanh(OpRegistry& registry) {
  registry.add(unary_op("atanh", "atanh(x)", ElementTypes::floats, [](double x) { return std::atanh(x); }));
}

}  // namespace accelerate::ops
