#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Cosine of x in radians.
// api: Value cos(Value x);
Value cos(Value x) {
  return build("cos", {x});
}

void register_cos(OpRegistry& registry) {
  registry.add(unary_op("cos", "cos(x)", ElementTypes::floats, [](double x) { return std::cos(x); }));
}

}  // namespace accelerate::ops
