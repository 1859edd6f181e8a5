#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// -x; integers wrap.
// api: Value neg(Value x);
Value neg(Value x) {
  return build("neg", {x});
}

void register_neg(OpRegistry& registry) {
  OpDef op = unary_op(
      "neg", "-x", ElementTypes::numbers, [](double x) { return -x; }, {},
      [](int64_t x) { return static_cast<int64_t>(0 - static_cast<uint64_t>(x)); });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
