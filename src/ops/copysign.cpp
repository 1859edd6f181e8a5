#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// |a| with the sign of b (that of a zero too), with broadcasting.
// api: Value copysign(Value a, Value b);
Value copysign(Value a, Value b) {
  return build("copysign", {a, b});
}

void register_copysign(OpRegistry& registry) {
  OpDef op = binary_op("copysign", "|a| with the sign of b", ElementTypes::floats,
                       [](double a, double b) { return std::copysign(a, b); });
  op.numerics = Numerics::exact;
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    Value zero = scalar_like(in[1], 0);
    Value below = less(div(scalar_like(in[1], 1), in[1]), zero);
    Value negative = logical_or(less(in[1], zero), logical_and(equal(in[1], zero), below));
    return {where(negative, neg(abs(in[0])), abs(in[0]))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
