#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The smaller of a and b with broadcasting; NaN if either is NaN.
// api: Value minimum(Value a, Value b);
Value minimum(Value a, Value b) {
  return build("minimum", {a, b});
}

void register_minimum(OpRegistry& registry) {
  OpDef op = binary_op(
      "minimum", "smaller of a and b", ElementTypes::any,
      [](double a, double b) { return std::isnan(a) || a < b ? a : b; },
      [](int64_t a, int64_t b) { return a < b ? a : b; }, [](uint64_t a, uint64_t b) { return a < b ? a : b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
