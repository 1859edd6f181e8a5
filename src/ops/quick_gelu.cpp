#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x * sigmoid(1.702 x), the approximation of GELU that CLIP uses.
// api: Value quick_gelu(Value x);
Value quick_gelu(Value x) {
  return build("quick_gelu", {x});
}

void register_quick_gelu(OpRegistry& registry) {
  OpDef op = unary_op("quick_gelu", "x * sigmoid(1.702 x)", ElementTypes::floats,
                      [](double x) { return x / (1.0 + std::exp(-1.702 * x)); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(x, sigmoid(mul(x, scalar_like(x, 1.702)))); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
