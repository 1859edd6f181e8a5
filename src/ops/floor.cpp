#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The largest integer at most x; integers stay.
// api: Value floor(Value x);
Value floor(Value x) {
  return build("floor", {x});
}

void register_floor(OpRegistry& registry) {
  OpDef op = unary_op(
      "floor", "largest integer at most x", ElementTypes::numbers, [](double x) { return std::floor(x); }, {},
      [](int64_t x) { return x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
