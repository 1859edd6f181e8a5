#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Each bit flipped; bool: logical not.
// api: Value bitwise_not(Value x);
Value bitwise_not(Value x) {
  return build("bitwise_not", {x});
}

void register_bitwise_not(OpRegistry& registry) {
  OpDef op = unary_op("bitwise_not", "each bit flipped", ElementTypes::booleans_or_integers, nullptr);
  op.numerics = Numerics::exact;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    bool logical = x.dtype() == DType::boolean;
    for (int64_t i = 0, n = x.num_elements(); i < n; ++i)
      c.outputs[0].set_int(i, logical ? 1 - x.get_int(i) : ~x.get_int(i));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
