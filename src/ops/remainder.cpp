#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {

double floored(double a, double b) {
  double r = std::fmod(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

int64_t floored_int(int64_t a, int64_t b) {
  if (b == 0) return a;
  if (b == -1) return 0;
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

}  // namespace

/// a - b * floor(a / b) with broadcasting; the sign is that of b. Integers: a where b is 0.
// api: Value remainder(Value a, Value b);
Value remainder(Value a, Value b) {
  return build("remainder", {a, b});
}

void register_remainder(OpRegistry& registry) {
  OpDef op = binary_op("remainder", "remainder with the sign of b", ElementTypes::numbers, floored, floored_int,
                       [](uint64_t a, uint64_t b) { return b == 0 ? a : a % b; });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
