#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a and b are not 0, with broadcasting; the result is bool.
// api: Value logical_and(Value a, Value b);
Value logical_and(Value a, Value b) {
  return build("logical_and", {a, b});
}

void register_logical_and(OpRegistry& registry) {
  registry.add(logical_op("logical_and", "logical and of a and b", [](bool a, bool b) { return a && b; }));
}

}  // namespace accelerate::ops
