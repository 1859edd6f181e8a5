#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// Running product along the axis. Integers and bool give i64; floats keep their type.
// api: Value cumprod(Value x, int64_t axis);
Value cumprod(Value x, int64_t axis) {
  return build("cumprod", {x}, axis_attrs(x, axis));
}

void register_cumprod(OpRegistry& registry) {
  OpDef op = axis_op("cumprod", "running product along an axis", ElementTypes::any);
  op.numerics = Numerics::accumulating;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    return {{sum_dtype(type.dtype), type.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      double product = 1;
      uint64_t int_product = 1;
      for (int64_t o : offsets) {
        if (is_float(x.dtype())) {
          c.outputs[0].set(o, product *= x.get(o));
        } else {
          c.outputs[0].set_int(o, static_cast<int64_t>(int_product *= static_cast<uint64_t>(x.get_int(o))));
        }
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
