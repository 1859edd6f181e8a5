#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// exp(x) - 1, accurate near 0.
// api: Value expm1(Value x);
Value expm1(Value x) {
  return build("expm1", {x});
}

void register_expm1(OpRegistry& registry) {
  registry.add(unary_op("expm1", "expm1(x)", ElementTypes::floats, [](double x) { return std::expm1(x); }));
}

}  // namespace accelerate::ops
