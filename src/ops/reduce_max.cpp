#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

/// The largest element over the axes (none given: all); NaN if any is NaN. Where nothing is reduced: -inf, or the
/// smallest integer.
// api: Value reduce_max(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value reduce_max(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("reduce_max", x, std::move(axes), keepdims);
}

void register_reduce_max(OpRegistry& registry) {
  OpDef op = reduction_op("reduce_max", "largest element over axes", ElementTypes::any, [](DType d) { return d; });
  op.numerics = Numerics::exact;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    for_each_reduced(x.shape(), c.attrs.integers("axes"), [&](int64_t i, std::span<const int64_t> offsets) {
      if (offsets.empty()) {
        set_lowest(out, i);
        return;
      }
      int64_t best = offsets[0];
      for (int64_t o : offsets) best = ordered_less(x, best, o) ? o : best;
      copy_element(x, best, out, i);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
