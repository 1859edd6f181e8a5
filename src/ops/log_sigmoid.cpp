#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// log(sigmoid(x)), accurate for large |x|.
// api: Value log_sigmoid(Value x);
Value log_sigmoid(Value x) {
  return build("log_sigmoid", {x});
}

void register_log_sigmoid(OpRegistry& registry) {
  OpDef op = unary_op("log_sigmoid", "log(sigmoid(x))", ElementTypes::floats,
                      [](double x) { return (x > 0 ? 0.0 : x) - std::log1p(std::exp(-std::fabs(x))); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {in_f32(in[0], [](Value x) { return sub(minimum(x, scalar_like(x, 0.0)), log1p(exp(neg(abs(x))))); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
