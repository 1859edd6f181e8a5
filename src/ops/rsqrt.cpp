#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 1 / sqrt(x); NaN below 0.
// api: Value rsqrt(Value x);
Value rsqrt(Value x) {
  return build("rsqrt", {x});
}

void register_rsqrt(OpRegistry& registry) {
  OpDef op = unary_op("rsqrt", "1 / sqrt(x)", ElementTypes::floats, [](double x) { return 1.0 / std::sqrt(x); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return reciprocal(sqrt(x)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
