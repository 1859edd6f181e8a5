#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a & b bit by bit with broadcasting; bool operands: logical and.
// api: Value bitwise_and(Value a, Value b);
Value bitwise_and(Value a, Value b) {
  return build("bitwise_and", {a, b});
}

void register_bitwise_and(OpRegistry& registry) {
  OpDef op = binary_op("bitwise_and", "a & b bit by bit", ElementTypes::booleans_or_integers, nullptr,
                       [](int64_t a, int64_t b) { return a & b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
