#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). alpha is not 0. Source: Barron 2017, arXiv:1704.07483.
// api: Value celu(Value x, double alpha = 1.0);
Value celu(Value x, double alpha) {
  return build("celu", {x}, {{"alpha", alpha}});
}

void register_celu(OpRegistry& registry) {
  OpDef op =
      unary_op_with("celu", "continuously differentiable ELU", ElementTypes::floats,
                    {{"alpha", AttrKind::number, Attr(1.0), false, "scale below 0"}}, [](double x, const Attrs& attrs) {
                      return x > 0 ? x : attrs.number("alpha") * std::expm1(x / attrs.number("alpha"));
                    });
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    double alpha = node.attrs.number("alpha");
    return {in_f32(in[0], [alpha](Value x) {
      Value scaled = mul(expm1(div(x, scalar_like(x, alpha))), scalar_like(x, alpha));
      return where(greater(x, scalar_like(x, 0.0)), x, scaled);
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
