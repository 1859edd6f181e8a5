#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a * b with broadcasting; integers wrap; bool operands: logical and.
// api: Value mul(Value a, Value b);
Value mul(Value a, Value b) {
  return build("mul", {a, b});
}

void register_mul(OpRegistry& registry) {
  OpDef op = binary_op(
      "mul", "a * b", ElementTypes::any, [](double a, double b) { return a * b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
