#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Error function.
// api: Value erf(Value x);
Value erf(Value x) {
  return build("erf", {x});
}

void register_erf(OpRegistry& registry) {
  registry.add(unary_op("erf", "erf(x)", ElementTypes::floats, [](double x) { return std::erf(x); }));
}

}  // namespace accelerate::ops
