#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {

// The largest integer q with q * b <= a (b > 0), from the exact remainder, as PyTorch and Python define it.
double floored_quotient(double a, double b) {
  if (b == 0) return a / b;
  double r = std::fmod(a, b);
  double q = (a - r) / b;
  if (r != 0 && (b < 0) != (r < 0)) q -= 1;
  if (q == 0) return std::copysign(0.0, a / b);
  double down = std::floor(q);
  return q - down > 0.5 ? down + 1 : down;
}

int64_t floored_quotient_int(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return static_cast<int64_t>(0 - static_cast<uint64_t>(a));
  int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

}  // namespace

/// a / b rounded towards minus infinity, with broadcasting. Integers: 0 where b is 0; wraps.
// api: Value floor_divide(Value a, Value b);
Value floor_divide(Value a, Value b) {
  return build("floor_divide", {a, b});
}

void register_floor_divide(OpRegistry& registry) {
  OpDef op = binary_op("floor_divide", "a / b rounded down", ElementTypes::numbers, floored_quotient,
                       floored_quotient_int, [](uint64_t a, uint64_t b) { return b == 0 ? uint64_t{0} : a / b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
