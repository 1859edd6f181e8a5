#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a differs from b, with broadcasting; the result is bool. NaN differs from everything.
// api: Value not_equal(Value a, Value b);
Value not_equal(Value a, Value b) {
  return build("not_equal", {a, b});
}

void register_not_equal(OpRegistry& registry) {
  registry.add(compare_op(
      "not_equal", "a != b", [](double a, double b) { return a != b; }, [](int64_t a, int64_t b) { return a != b; }));
}

}  // namespace accelerate::ops
