#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// Sum over the axes (none given: all). Integers and bool give i64; floats keep their type.
// api: Value reduce_sum(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value reduce_sum(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("reduce_sum", x, std::move(axes), keepdims);
}

void register_reduce_sum(OpRegistry& registry) {
  OpDef op = reduction_op("reduce_sum", "sum over axes", ElementTypes::any, sum_dtype);
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    if (is_float(x.dtype())) {
      reduce_reference(c, [](const Tensor& t, std::span<const int64_t> offsets) {
        double sum = 0;
        for (int64_t o : offsets) sum += t.get(o);
        return sum;
      });
      return;
    }
    for_each_reduced(x.shape(), c.attrs.integers("axes"), [&](int64_t i, std::span<const int64_t> offsets) {
      uint64_t sum = 0;
      for (int64_t o : offsets) sum += static_cast<uint64_t>(x.get_int(o));
      c.outputs[0].set_int(i, static_cast<int64_t>(sum));
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
