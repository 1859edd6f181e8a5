#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a / b of float operands with broadcasting. Integers: floor_divide or trunc_divide.
// api: Value div(Value a, Value b);
Value div(Value a, Value b) {
  return build("div", {a, b});
}

void register_div(OpRegistry& registry) {
  OpDef op = binary_op("div", "a / b", ElementTypes::floats, [](double a, double b) { return a / b; });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
