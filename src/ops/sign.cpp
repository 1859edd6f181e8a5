#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// -1, 0 or 1; NaN gives 0.
// api: Value sign(Value x);
Value sign(Value x) {
  return build("sign", {x});
}

void register_sign(OpRegistry& registry) {
  OpDef op = unary_op(
      "sign", "-1, 0 or 1", ElementTypes::numbers, [](double x) { return static_cast<double>((x > 0) - (x < 0)); }, {},
      [](int64_t x) { return static_cast<int64_t>((x > 0) - (x < 0)); });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
