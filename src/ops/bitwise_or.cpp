#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a | b bit by bit with broadcasting; bool operands: logical or.
// api: Value bitwise_or(Value a, Value b);
Value bitwise_or(Value a, Value b) {
  return build("bitwise_or", {a, b});
}

void register_bitwise_or(OpRegistry& registry) {
  OpDef op = binary_op("bitwise_or", "a | b bit by bit", ElementTypes::booleans_or_integers, nullptr,
                       [](int64_t a, int64_t b) { return a | b; });
  op.numerics = Numerics::exact;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
