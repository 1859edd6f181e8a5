#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 1 / x.
// api: Value reciprocal(Value x);
Value reciprocal(Value x) {
  return build("reciprocal", {x});
}

void register_reciprocal(OpRegistry& registry) {
  OpDef op = unary_op("reciprocal", "1 / x", ElementTypes::floats, [](double x) { return 1.0 / x; });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {div(scalar_like(in[0], 1.0), in[0])};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
