#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// log(exp(a) + exp(b)) without overflow, with broadcasting.
// api: Value log_add_exp(Value a, Value b);
Value log_add_exp(Value a, Value b) {
  return build("log_add_exp", {a, b});
}

void register_log_add_exp(OpRegistry& registry) {
  OpDef op = binary_op("log_add_exp", "log(exp(a) + exp(b))", ElementTypes::floats, [](double a, double b) {
    if (a == b) return a + M_LN2;
    if (std::isnan(a) || std::isnan(b)) return std::nan("");
    return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
  });

  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    Value large = maximum(in[0], in[1]);
    Value same = add(in[0], scalar_like(in[0], M_LN2));
    return {where(equal(in[0], in[1]), same, add(large, log1p(exp(neg(abs(sub(in[0], in[1])))))))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
