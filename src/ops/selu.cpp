#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {
constexpr double kAlpha = 1.6732632423543772848;
constexpr double kScale = 1.0507009873554804934;
}  // namespace

/// scale * (x if x > 0 else alpha * (exp(x) - 1)) with the constants of Klambauer et al. 2017, arXiv:1706.02515.
// api: Value selu(Value x);
Value selu(Value x) {
  return build("selu", {x});
}

void register_selu(OpRegistry& registry) {
  OpDef op = unary_op("selu", "self-normalising ELU", ElementTypes::floats,
                      [](double x) { return kScale * (x > 0 ? x : kAlpha * std::expm1(x)); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return mul(elu(x, kAlpha), scalar_like(x, kScale)); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
