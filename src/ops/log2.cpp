#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Logarithm to base 2; NaN below 0, -inf at 0.
// api: Value log2(Value x);
Value log2(Value x) {
  return build("log2", {x});
}

void register_log2(OpRegistry& registry) {
  OpDef op = unary_op("log2", "logarithm to base 2", ElementTypes::floats, [](double x) { return std::log2(x); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(log(x), scalar_like(x, 1.4426950408889634)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
