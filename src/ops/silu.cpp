#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x * sigmoid(x), also called swish.
// api: Value silu(Value x);
Value silu(Value x) {
  return build("silu", {x});
}

void register_silu(OpRegistry& registry) {
  OpDef op =
      unary_op("silu", "x * sigmoid(x)", ElementTypes::floats, [](double x) { return x / (1.0 + std::exp(-x)); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(x, sigmoid(x)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
