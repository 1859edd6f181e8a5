#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// log(1 + exp(beta * x)) / beta; x itself where beta * x > threshold.
// api: Value softplus(Value x, double beta = 1.0, double threshold = 20.0);
Value softplus(Value x, double beta, double threshold) {
  return build("softplus", {x}, {{"beta", beta}, {"threshold", threshold}});
}

void register_softplus(OpRegistry& registry) {
  OpDef op = unary_op_with(
      "softplus", "log(1 + exp(beta x)) / beta", ElementTypes::floats,
      {{"beta", AttrKind::number, Attr(1.0), false, "sharpness"},
       {"threshold", AttrKind::number, Attr(20.0), false, "beta * x above which the result is x"}},
      [](double x, const Attrs& attrs) {
        double scaled = x * attrs.number("beta");
        return scaled > attrs.number("threshold") ? x : std::log1p(std::exp(scaled)) / attrs.number("beta");
      });
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    double beta = node.attrs.number("beta");
    double threshold = node.attrs.number("threshold");
    return {in_f32(in[0], [=](Value x) {
      Value scaled = beta == 1.0 ? x : mul(x, scalar_like(x, beta));
      Value soft = log1p(exp(scaled));
      if (beta != 1.0) soft = div(soft, scalar_like(x, beta));
      return where(greater(scaled, scalar_like(x, threshold)), x, soft);
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
