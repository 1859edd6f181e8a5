#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where one of a and b is not 0, with broadcasting; the result is bool.
// api: Value logical_xor(Value a, Value b);
Value logical_xor(Value a, Value b) {
  return build("logical_xor", {a, b});
}

void register_logical_xor(OpRegistry& registry) {
  registry.add(logical_op("logical_xor", "logical xor of a and b", [](bool a, bool b) { return a != b; }));
}

}  // namespace accelerate::ops
