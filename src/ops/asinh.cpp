#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse hyperbolic sine.
// api: Value asinh(Value x);
Value asinh(Value x) {
  return build("asinh", {x});
}

void register_asinh(OpRegistry& registry) {
  registry.add(unary_op("asinh", "asinh(x)", ElementTypes::floats, [](double x) { return std::asinh(x); }));
}

}  // namespace accelerate::ops
