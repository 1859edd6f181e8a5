#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The nearest integer, halves to the even one; integers stay.
// api: Value round(Value x);
Value round(Value x) {
  return build("round", {x});
}

void register_round(OpRegistry& registry) {
  OpDef op = unary_op(
      "round", "nearest integer, halves to even", ElementTypes::numbers, [](double x) { return std::nearbyint(x); }, {},
      [](int64_t x) { return x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
