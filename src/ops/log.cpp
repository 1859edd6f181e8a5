#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Natural logarithm; NaN below 0, -inf at 0.
// api: Value log(Value x);
Value log(Value x) {
  return build("log", {x});
}

void register_log(OpRegistry& registry) {
  registry.add(unary_op("log", "log(x)", ElementTypes::floats, [](double x) { return std::log(x); }));
}

}  // namespace accelerate::ops
