#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where x is 0 (false); the result is bool.
// api: Value logical_not(Value x);
Value logical_not(Value x) {
  return build("logical_not", {x});
}

void register_logical_not(OpRegistry& registry) {
  registry.add(predicate_op("logical_not", "x is zero", ElementTypes::any, [](double x) { return x == 0; }));
}

}  // namespace accelerate::ops
