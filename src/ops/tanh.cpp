#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Hyperbolic tangent.
// api: Value tanh(Value x);
Value tanh(Value x) {
  return build("tanh", {x});
}

void register_tanh(OpRegistry& registry) {
  registry.add(unary_op("tanh", "tanh(x)", ElementTypes::floats, [](double x) { return std::tanh(x); }));
}

}  // namespace accelerate::ops
