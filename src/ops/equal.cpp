#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a equals b, with broadcasting; the result is bool. False where either is NaN.
// api: Value equal(Value a, Value b);
Value equal(Value a, Value b) {
  return build("equal", {a, b});
}

void register_equal(OpRegistry& registry) {
  registry.add(compare_op(
      "equal", "a == b", [](double a, double b) { return a == b; }, [](int64_t a, int64_t b) { return a == b; }));
}

}  // namespace accelerate::ops
