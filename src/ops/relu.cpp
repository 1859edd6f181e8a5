#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// max(x, 0); NaN stays NaN.
// api: Value relu(Value x);
Value relu(Value x) {
  return build("relu", {x});
}

void register_relu(OpRegistry& registry) {
  OpDef op = unary_op(
      "relu", "max(x, 0)", ElementTypes::numbers, [](double x) { return x < 0 ? 0.0 : x; }, {},
      [](int64_t x) { return x < 0 ? int64_t{0} : x; });
  op.numerics = Numerics::exact;
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {maximum(in[0], scalar_like(in[0], 0.0))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
