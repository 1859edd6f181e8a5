#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a is less than b, with broadcasting; the result is bool. False where either is NaN.
// api: Value less(Value a, Value b);
Value less(Value a, Value b) {
  return build("less", {a, b});
}

void register_less(OpRegistry& registry) {
  registry.add(compare_op(
      "less", "a < b", [](double a, double b) { return a < b; }, [](int64_t a, int64_t b) { return a < b; }));
}

}  // namespace accelerate::ops
