#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// |x|. The smallest signed integer stays as it is.
// api: Value abs(Value x);
Value abs(Value x) {
  return build("abs", {x});
}

void register_abs(OpRegistry& registry) {
  OpDef op = unary_op(
      "abs", "|x|", ElementTypes::numbers, [](double x) { return std::fabs(x); }, {},
      [](int64_t x) { return x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
