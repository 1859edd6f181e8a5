#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a is at least b, with broadcasting; the result is bool. False where either is NaN.
// api: Value greater_equal(Value a, Value b);
Value greater_equal(Value a, Value b) {
  return build("greater_equal", {a, b});
}

void register_greater_equal(OpRegistry& registry) {
  registry.add(compare_op(
      "greater_equal", "a >= b", [](double a, double b) { return a >= b; },
      [](int64_t a, int64_t b) { return a >= b; }));
}

}  // namespace accelerate::ops
