#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a is greater than b, with broadcasting; the result is bool. False where either is NaN.
// api: Value greater(Value a, Value b);
Value greater(Value a, Value b) {
  return build("greater", {a, b});
}

void register_greater(OpRegistry& registry) {
  registry.add(compare_op(
      "greater", "a > b", [](double a, double b) { return a > b; }, [](int64_t a, int64_t b) { return a > b; }));
}

}  // namespace accelerate::ops
