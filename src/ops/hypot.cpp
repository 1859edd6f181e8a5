#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// sqrt(a^2 + b^2) without overflow, with broadcasting.
// api: Value hypot(Value a, Value b);
Value hypot(Value a, Value b) {
  return build("hypot", {a, b});
}

void register_hypot(OpRegistry& registry) {
  OpDef op =
      binary_op("hypot", "sqrt(a^2 + b^2)", ElementTypes::floats, [](double a, double b) { return std::hypot(a, b); });

  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    Value large = maximum(abs(in[0]), abs(in[1]));
    Value ratio = div(minimum(abs(in[0]), abs(in[1])), large);
    Value root = sqrt(add(square(ratio), scalar_like(ratio, 1)));
    Value plain = logical_or(equal(large, scalar_like(large, 0)), is_inf(large));
    return {where(plain, large, mul(large, root))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
