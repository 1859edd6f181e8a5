#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x * min(max(x + 3, 0), 6) / 6.
// api: Value hard_swish(Value x);
Value hard_swish(Value x) {
  return build("hard_swish", {x});
}

void register_hard_swish(OpRegistry& registry) {
  OpDef op = unary_op("hard_swish", "x * min(max(x + 3, 0), 6) / 6", ElementTypes::floats, [](double x) {
    return x * (x + 3 < 0 ? 0.0 : x + 3 > 6 ? 6.0 : x + 3) / 6;
  });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(x, hard_sigmoid(x)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
