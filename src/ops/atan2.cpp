#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The angle of the point (b, a) in radians, in [-pi, pi], with broadcasting.
// api: Value atan2(Value a, Value b);
Value atan2(Value a, Value b) {
  return build("atan2", {a, b});
}

void register_atan2(OpRegistry& registry) {
  OpDef op = binary_op("atan2", "angle of the point (b, a)", ElementTypes::floats,
                       [](double a, double b) { return std::atan2(a, b); });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
