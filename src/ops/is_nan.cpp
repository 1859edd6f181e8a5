#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where x is not a number; the result is bool.
// api: Value is_nan(Value x);
Value is_nan(Value x) {
  return build("is_nan", {x});
}

void register_is_nan(OpRegistry& registry) {
  registry.add(
      predicate_op("is_nan", "x is not a number", ElementTypes::floats, [](double x) { return std::isnan(x); }));
}

}  // namespace accelerate::ops
