#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {

uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t out = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) out *= base;
    base *= base;
  }
  return out;
}

int64_t integer_power(int64_t a, int64_t b) {
  if (b >= 0) return static_cast<int64_t>(power(static_cast<uint64_t>(a), static_cast<uint64_t>(b)));
  if (a == 1) return 1;
  if (a == -1) return b % 2 == 0 ? 1 : -1;
  return 0;
}

}  // namespace

/// a to the power b with broadcasting. Integers wrap; a negative exponent gives 0 unless a is 1 or -1.
// api: Value pow(Value a, Value b);
Value pow(Value a, Value b) {
  return build("pow", {a, b});
}

void register_pow(OpRegistry& registry) {
  OpDef op = binary_op(
      "pow", "a to the power b", ElementTypes::numbers, [](double a, double b) { return std::pow(a, b); },
      integer_power, [](uint64_t a, uint64_t b) { return static_cast<uint64_t>(power(a, b)); });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
