#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// What is left of a after division by b rounded towards 0; the sign is that of a. Integers: a where b is 0.
// api: Value fmod(Value a, Value b);
Value fmod(Value a, Value b) {
  return build("fmod", {a, b});
}

void register_fmod(OpRegistry& registry) {
  OpDef op = binary_op(
      "fmod", "remainder with the sign of a", ElementTypes::numbers, [](double a, double b) { return std::fmod(a, b); },
      [](int64_t a, int64_t b) { return b == 0    ? a
                                        : b == -1 ? int64_t{0}
                                                  : a % b; },
      [](uint64_t a, uint64_t b) { return b == 0 ? a : a % b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
