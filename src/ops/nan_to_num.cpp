#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

double largest_number(DType dtype) {
  switch (dtype) {
    case DType::f16: return 65504;
    case DType::bf16: return 0x1.fep127;
    case DType::f32: return 0x1.fffffep127;
    default: return 0x1.fffffffffffffp1023;
  }
}

}  // namespace

/// x with NaN, infinity and minus infinity replaced; the infinities by the largest and the smallest number of the type
/// if nothing else is said.
// api: Value nan_to_num(Value x, double nan = 0, std::optional<double> positive = {}, std::optional<double> negative = {});
Value nan_to_num(Value x, double nan, std::optional<double> positive, std::optional<double> negative) {
  double largest = largest_number(x.dtype());
  return build("nan_to_num", {x},
               {{"nan", nan}, {"positive", positive.value_or(largest)}, {"negative", negative.value_or(-largest)}});
}

void register_nan_to_num(OpRegistry& registry) {
  OpDef op = unary_op_with("nan_to_num", "x with NaN and infinities replaced", ElementTypes::floats,
                           {{"nan", AttrKind::number, Attr(0.0), false, "for NaN"},
                            {"positive", AttrKind::number, std::nullopt, false, "for infinity"},
                            {"negative", AttrKind::number, std::nullopt, false, "for minus infinity"}},
                           [](double x, const Attrs& attrs) {
                             if (std::isnan(x)) return attrs.number("nan");
                             if (!std::isinf(x)) return x;
                             return attrs.number(x > 0 ? "positive" : "negative");
                           });
  op.numerics = Numerics::exact;
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    Value x = in[0];
    auto number = [&](std::string_view name) { return scalar_like(x, node.attrs.number(name)); };
    Value infinite = where(greater(x, scalar_like(x, 0)), number("positive"), number("negative"));
    return {where(is_nan(x), number("nan"), where(is_inf(x), infinite, x))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
