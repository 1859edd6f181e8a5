#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x * log(y), 0 where x is 0 and y is not NaN, with broadcasting.
// api: Value xlogy(Value x, Value y);
Value xlogy(Value x, Value y) {
  return build("xlogy", {x, y});
}

void register_xlogy(OpRegistry& registry) {
  OpDef op = binary_op("xlogy", "x * log(y), 0 where x is 0", ElementTypes::floats, [](double x, double y) {
    if (std::isnan(y)) return y;
    return x == 0 ? 0.0 : x * std::log(y);
  });

  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    Value zero = scalar_like(in[0], 0);
    Value plain = where(equal(in[0], zero), zero, mul(in[0], log(in[1])));
    return {where(is_nan(in[1]), in[1], plain)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
