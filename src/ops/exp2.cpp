#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 2 to the power x.
// api: Value exp2(Value x);
Value exp2(Value x) {
  return build("exp2", {x});
}

void register_exp2(OpRegistry& registry) {
  OpDef op = unary_op("exp2", "2 to the power x", ElementTypes::floats, [](double x) { return std::exp2(x); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {pow(scalar_like(in[0], 2.0), in[0])};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
