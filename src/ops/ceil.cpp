#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The smallest integer at least x; integers stay.
// api: Value ceil(Value x);
Value ceil(Value x) {
  return build("ceil", {x});
}

void register_ceil(OpRegistry& registry) {
  OpDef op = unary_op(
      "ceil", "smallest integer at least x", ElementTypes::numbers, [](double x) { return std::ceil(x); }, {},
      [](int64_t x) { return x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
