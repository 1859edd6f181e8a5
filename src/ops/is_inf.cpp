#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// True where x is plus or minus infinity; the result is bool.
// api: Value is_inf(Value x);
Value is_inf(Value x) {
  return build("is_inf", {x});
}

void register_is_inf(OpRegistry& registry) {
  registry.add(predicate_op("is_inf", "x is plus or minus infinity", ElementTypes::floats,
                            [](double x) { return std::isinf(x); }));
}

}  // namespace accelerate::ops
