#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse sine, in radians; NaN out of [-1, 1].
// api: Value asin(Value x);
Value asin(Value x) {
  return build("asin", {x});
}

void register_asin(OpRegistry& registry) {
  registry.add(unary_op("asin", "asin(x)", ElementTypes::floats, [](double x) { return std::asin(x); }));
}

}  // namespace accelerate::ops
