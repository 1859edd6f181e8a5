#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// sin(pi x) / (pi x); 1 at 0.
// api: Value sinc(Value x);
Value sinc(Value x) {
  return build("sinc", {x});
}

void register_sinc(OpRegistry& registry) {
  OpDef op = unary_op("sinc", "sin(pi x) / (pi x)", ElementTypes::floats,
                      [](double x) { return x == 0 ? 1.0 : std::sin(M_PI * x) / (M_PI * x); });

  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) {
      Value angle = mul(x, scalar_like(x, M_PI));
      return where(equal(x, scalar_like(x, 0)), scalar_like(x, 1), div(sin(angle), angle));
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
