#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// log(1 + x), accurate near 0.
// api: Value log1p(Value x);
Value log1p(Value x) {
  return build("log1p", {x});
}

void register_log1p(OpRegistry& registry) {
  registry.add(unary_op("log1p", "log1p(x)", ElementTypes::floats, [](double x) { return std::log1p(x); }));
}

}  // namespace accelerate::ops
