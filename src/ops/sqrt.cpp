#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Square root; NaN below 0.
// api: Value sqrt(Value x);
Value sqrt(Value x) {
  return build("sqrt", {x});
}

void register_sqrt(OpRegistry& registry) {
  registry.add(unary_op("sqrt", "sqrt(x)", ElementTypes::floats, [](double x) { return std::sqrt(x); }));
}

}  // namespace accelerate::ops
