#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Hyperbolic cosine.
// api: Value cosh(Value x);
Value cosh(Value x) {
  return build("cosh", {x});
}

void register_cosh(OpRegistry& registry) {
  registry.add(unary_op("cosh", "cosh(x)", ElementTypes::floats, [](double x) { return std::cosh(x); }));
}

}  // namespace accelerate::ops
