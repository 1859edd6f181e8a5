#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Sine of x in radians.
// api: Value sin(Value x);
Value sin(Value x) {
  return build("sin", {x});
}

void register_sin(OpRegistry& registry) {
  registry.add(unary_op("sin", "sin(x)", ElementTypes::floats, [](double x) { return std::sin(x); }));
}

}  // namespace accelerate::ops
