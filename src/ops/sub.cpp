#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a - b with broadcasting; integers wrap.
// api: Value sub(Value a, Value b);
Value sub(Value a, Value b) {
  return build("sub", {a, b});
}

void register_sub(OpRegistry& registry) {
  OpDef op = binary_op(
      "sub", "a - b", ElementTypes::numbers, [](double a, double b) { return a - b; },
      [](int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); });
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
