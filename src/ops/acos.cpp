#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse cosine, in radians; NaN out of [-1, 1].
// api: Value acos(Value x);
Value acos(Value x) {
  return build("acos", {x});
}

void register_acos(OpRegistry& registry) {
  registry.add(unary_op("acos", "acos(x)", ElementTypes::floats, [](double x) { return std::acos(x); }));
}

}  // namespace accelerate::ops
