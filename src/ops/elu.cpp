#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x where x > 0, else alpha * (exp(x) - 1). Source: Clevert et al. 2015, arXiv:1511.07289.
// api: Value elu(Value x, double alpha = 1.0);
Value elu(Value x, double alpha) {
  return build("elu", {x}, {{"alpha", alpha}});
}

void register_elu(OpRegistry& registry) {
  OpDef op =
      unary_op_with("elu", "exponential linear unit", ElementTypes::floats,
                    {{"alpha", AttrKind::number, Attr(1.0), false, "scale below 0"}},
                    [](double x, const Attrs& attrs) { return x > 0 ? x : attrs.number("alpha") * std::expm1(x); });
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    double alpha = node.attrs.number("alpha");
    return {in_f32(in[0], [alpha](Value x) {
      return where(greater(x, scalar_like(x, 0.0)), x, mul(expm1(x), scalar_like(x, alpha)));
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
