#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x / (1 + |x|).
// api: Value softsign(Value x);
Value softsign(Value x) {
  return build("softsign", {x});
}

void register_softsign(OpRegistry& registry) {
  OpDef op =
      unary_op("softsign", "x / (1 + |x|)", ElementTypes::floats, [](double x) { return x / (1.0 + std::fabs(x)); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return div(x, add(abs(x), scalar_like(x, 1.0))); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
