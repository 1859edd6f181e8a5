#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

double gelu_of(double x, const Attrs& attrs) {
  if (attrs.string("approximate") == "tanh")
    return 0.5 * x * (1.0 + std::tanh(kSqrtTwoOverPi * (x + 0.044715 * x * x * x)));
  return 0.5 * x * std::erfc(-x * kSqrtHalf);
}

Value expanded(Value x, bool approximate) {
  Value inner = approximate
                    ? mul(add(x, mul(mul(mul(x, x), x), scalar_like(x, 0.044715))), scalar_like(x, kSqrtTwoOverPi))
                    : mul(x, scalar_like(x, kSqrtHalf));
  Value gate = add(approximate ? tanh(inner) : erf(inner), scalar_like(x, 1.0));
  return mul(mul(x, scalar_like(x, 0.5)), gate);
}

}  // namespace

/// x times the normal distribution function of x; approximate "tanh" replaces it by a formula with tanh, "none" does
/// not. Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
// api: Value gelu(Value x, std::string approximate = "none");
Value gelu(Value x, std::string approximate) {
  return build("gelu", {x}, {{"approximate", std::move(approximate)}});
}

void register_gelu(OpRegistry& registry) {
  OpDef op = unary_op_with(
      "gelu", "x * normal distribution function of x", ElementTypes::floats,
      {{"approximate", AttrKind::string, Attr(std::string("none")), false, "\"none\" or \"tanh\""}}, gelu_of);
  op.infer = [infer = op.infer](const InferContext& c) {
    const std::string& approximate = c.attrs.string("approximate");
    if (approximate != "none" && approximate != "tanh")
      fail(ErrorCode::invalid_argument, "approximate is \"{}\"; expected \"none\" or \"tanh\"", printable(approximate));
    return infer(c);
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    bool approximate = node.attrs.string("approximate") == "tanh";
    return {in_f32(in[0], [approximate](Value x) { return expanded(x, approximate); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
