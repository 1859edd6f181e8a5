#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a + b with broadcasting; bool operands: logical or.
// api: Value add(Value a, Value b);
Value add(Value a, Value b) {
  return build("add", {a, b});
}

void register_add(OpRegistry& registry) {
  registry.add(binary_op(
      "add", "a + b", ElementTypes::any, [](double a, double b) { return a + b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }));
}

}  // namespace accelerate::ops
