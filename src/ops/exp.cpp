#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// e to the power x.
// api: Value exp(Value x);
Value exp(Value x) {
  return build("exp", {x});
}

void register_exp(OpRegistry& registry) {
  registry.add(unary_op("exp", "exp(x)", ElementTypes::floats, [](double x) { return std::exp(x); }));
}

}  // namespace accelerate::ops
