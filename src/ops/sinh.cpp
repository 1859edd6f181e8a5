#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Hyperbolic sine.
// api: Value sinh(Value x);
Value sinh(Value x) {
  return build("sinh", {x});
}

void register_sinh(OpRegistry& registry) {
  registry.add(unary_op("sinh", "sinh(x)", ElementTypes::floats, [](double x) { return std::sinh(x); }));
}

}  // namespace accelerate::ops
