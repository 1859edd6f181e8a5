#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a * 2^b with broadcasting; bits that leave are lost. 0 where b is negative or at least the width.
// api: Value shift_left(Value a, Value b);
Value shift_left(Value a, Value b) {
  return build("shift_left", {a, b});
}

void register_shift_left(OpRegistry& registry) {
  OpDef op = binary_op(
      "shift_left", "a << b", ElementTypes::integers, nullptr,
      [](int64_t a, int64_t b) {
        return b < 0 || b > 63 ? int64_t{0} : static_cast<int64_t>(static_cast<uint64_t>(a) << b);
      },
      [](uint64_t a, uint64_t b) { return b > 63 ? uint64_t{0} : a << b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
