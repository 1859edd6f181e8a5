#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x where x >= 0, else negative_slope * x.
// api: Value leaky_relu(Value x, double negative_slope = 0.01);
Value leaky_relu(Value x, double negative_slope) {
  return build("leaky_relu", {x}, {{"negative_slope", negative_slope}});
}

void register_leaky_relu(OpRegistry& registry) {
  OpDef op = unary_op_with("leaky_relu", "x, scaled below 0", ElementTypes::floats,
                           {{"negative_slope", AttrKind::number, Attr(0.01), false, "factor below 0"}},
                           [](double x, const Attrs& attrs) { return x < 0 ? x * attrs.number("negative_slope") : x; });
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    double slope = node.attrs.number("negative_slope");
    return {where(less(in[0], scalar_like(in[0], 0.0)), mul(in[0], scalar_like(in[0], slope)), in[0])};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
