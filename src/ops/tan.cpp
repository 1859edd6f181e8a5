#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Tangent of x in radians.
// api: Value tan(Value x);
Value tan(Value x) {
  return build("tan", {x});
}

void register_tan(OpRegistry& registry) {
  registry.add(unary_op("tan", "tan(x)", ElementTypes::floats, [](double x) { return std::tan(x); }));
}

}  // namespace accelerate::ops
