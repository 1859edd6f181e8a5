#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x without its fraction; integers stay.
// api: Value trunc(Value x);
Value trunc(Value x) {
  return build("trunc", {x});
}

void register_trunc(OpRegistry& registry) {
  OpDef op = unary_op(
      "trunc", "x without its fraction", ElementTypes::numbers, [](double x) { return std::trunc(x); }, {},
      [](int64_t x) { return x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
