#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The larger of a and b with broadcasting; NaN if either is NaN.
// api: Value maximum(Value a, Value b);
Value maximum(Value a, Value b) {
  return build("maximum", {a, b});
}

void register_maximum(OpRegistry& registry) {
  OpDef op = binary_op(
      "maximum", "larger of a and b", ElementTypes::any,
      [](double a, double b) { return std::isnan(a) || a > b ? a : b; },
      [](int64_t a, int64_t b) { return a > b ? a : b; }, [](uint64_t a, uint64_t b) { return a > b ? a : b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
