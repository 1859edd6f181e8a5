#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// min(max(x + 3, 0), 6) / 6.
// api: Value hard_sigmoid(Value x);
Value hard_sigmoid(Value x) {
  return build("hard_sigmoid", {x});
}

void register_hard_sigmoid(OpRegistry& registry) {
  OpDef op = unary_op("hard_sigmoid", "min(max(x + 3, 0), 6) / 6", ElementTypes::floats, [](double x) {
    return (x + 3 < 0 ? 0.0 : x + 3 > 6 ? 6.0 : x + 3) / 6;
  });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {
        in_f32(in[0], [](Value x) { return div(clamp(add(x, scalar_like(x, 3.0)), 0.0, 6.0), scalar_like(x, 6.0)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
