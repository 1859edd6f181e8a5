#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a / b rounded towards 0, with broadcasting. Floats: the rounded quotient without its fraction. Integers: 0 where b
/// is 0; wraps.
// api: Value trunc_divide(Value a, Value b);
Value trunc_divide(Value a, Value b) {
  return build("trunc_divide", {a, b});
}

void register_trunc_divide(OpRegistry& registry) {
  OpDef op = binary_op(
      "trunc_divide", "a / b rounded towards 0", ElementTypes::numbers, [](double a, double b) { return a / b; },
      [](int64_t a, int64_t b) {
        return b == 0 ? int64_t{0} : b == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(a)) : a / b;
      },
      [](uint64_t a, uint64_t b) { return b == 0 ? uint64_t{0} : a / b; });
  op.numerics = Numerics::exact;
  op.reference = [quotient = op.reference](EvalContext& c) {
    quotient(c);
    Tensor& out = c.outputs[0];
    if (!is_float(out.dtype())) return;
    for (int64_t i = 0, n = out.num_elements(); i < n; ++i) out.set(i, std::trunc(out.get(i)));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
