#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x * tanh(softplus(x)). Source: Misra 2019, arXiv:1908.08681.
// api: Value mish(Value x);
Value mish(Value x) {
  return build("mish", {x});
}

void register_mish(OpRegistry& registry) {
  OpDef op = unary_op("mish", "x * tanh(softplus(x))", ElementTypes::floats,
                      [](double x) { return x * std::tanh(x > 20 ? x : std::log1p(std::exp(x))); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(x, tanh(softplus(x))); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
