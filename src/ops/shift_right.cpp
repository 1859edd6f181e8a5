#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a / 2^b rounded down, with broadcasting; all bits are copies of the sign (0 if unsigned) where b is negative or at
/// least the width.
// api: Value shift_right(Value a, Value b);
Value shift_right(Value a, Value b) {
  return build("shift_right", {a, b});
}

void register_shift_right(OpRegistry& registry) {
  OpDef op = binary_op(
      "shift_right", "a >> b", ElementTypes::integers, nullptr,
      [](int64_t a, int64_t b) { return a >> (b < 0 || b > 63 ? 63 : b); },
      [](uint64_t a, uint64_t b) { return b > 63 ? uint64_t{0} : a >> b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
