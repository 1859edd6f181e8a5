#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 1 / (1 + exp(-x)).
// api: Value sigmoid(Value x);
Value sigmoid(Value x) {
  return build("sigmoid", {x});
}

void register_sigmoid(OpRegistry& registry) {
  registry.add(unary_op("sigmoid", "1 / (1 + exp(-x))", ElementTypes::floats,
                        [](double x) { return 1.0 / (1.0 + std::exp(-x)); }));
}

}  // namespace accelerate::ops
