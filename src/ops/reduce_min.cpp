#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

namespace {
bool is_nan_at(const Tensor& x, int64_t i) {
  return is_float(x.dtype()) && std::isnan(x.get(i));
}
}  // namespace

/// The smallest element over the axes (none given: all); NaN if any is NaN. Where nothing is reduced: inf, or the
/// largest integer.
// api: Value reduce_min(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value reduce_min(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("reduce_min", x, std::move(axes), keepdims);
}

void register_reduce_min(OpRegistry& registry) {
  OpDef op = reduction_op("reduce_min", "smallest element over axes", ElementTypes::any, [](DType d) { return d; });
  op.numerics = Numerics::exact;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    for_each_reduced(x.shape(), c.attrs.integers("axes"), [&](int64_t i, std::span<const int64_t> offsets) {
      if (offsets.empty()) {
        set_highest(out, i);
        return;
      }
      int64_t best = offsets[0];
      for (int64_t o : offsets)
        best = (is_nan_at(x, o) ? !is_nan_at(x, best) : !is_nan_at(x, best) && ordered_less(x, o, best)) ? o : best;
      copy_element(x, best, out, i);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
