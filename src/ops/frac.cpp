#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// What stands behind the decimal point: x - trunc(x), with the sign of x.
// api: Value frac(Value x);
Value frac(Value x) {
  return build("frac", {x});
}

void register_frac(OpRegistry& registry) {
  OpDef op = unary_op("frac", "x - trunc(x)", ElementTypes::floats, [](double x) { return x - std::trunc(x); });

  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {sub(in[0], trunc(in[0]))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
