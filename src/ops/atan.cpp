#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse tangent, in radians.
// api: Value atan(Value x);
Value atan(Value x) {
  return build("atan", {x});
}

void register_atan(OpRegistry& registry) {
  registry.add(unary_op("atan", "atan(x)", ElementTypes::floats, [](double x) { return std::atan(x); }));
}

}  // namespace accelerate::ops
