#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 0 where x < 0 (or NaN), 1 where x > 0, at_zero where x is 0, with broadcasting.
// api: Value heaviside(Value x, Value at_zero);
Value heaviside(Value x, Value at_zero) {
  return build("heaviside", {x, at_zero});
}

void register_heaviside(OpRegistry& registry) {
  OpDef op =
      binary_op("heaviside", "0 below 0, 1 above, at_zero at 0", ElementTypes::floats, [](double x, double at_zero) {
        return x == 0 ? at_zero : x > 0 ? 1.0 : 0.0;
      });
  op.numerics = Numerics::exact;
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    Value zero = scalar_like(in[0], 0);
    return {where(equal(in[0], zero), in[1], cast(greater(in[0], zero), in[0].dtype()))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
