#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where a or b (or both) is not 0, with broadcasting; the result is bool.
// api: Value logical_or(Value a, Value b);
Value logical_or(Value a, Value b) {
  return build("logical_or", {a, b});
}

void register_logical_or(OpRegistry& registry) {
  registry.add(logical_op("logical_or", "logical or of a and b", [](bool a, bool b) { return a || b; }));
}

}  // namespace accelerate::ops
