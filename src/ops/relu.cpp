#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// max(x, 0); NaN stays NaN.
// api: Value relu(Value x);
Value relu(Value x) { return build("relu", {x}); }

void register_relu(OpRegistry& registry) {
  OpDef op = unary_op("relu", "max(x, 0)", ElementTypes::numbers, [](double x) { return x < 0 ? 0.0 : x; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
