#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// Mean over the axes (none given: all) of floats. NaN where nothing is reduced.
// api: Value reduce_mean(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value reduce_mean(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("reduce_mean", x, std::move(axes), keepdims);
}

void register_reduce_mean(OpRegistry& registry) {
  OpDef op = reduction_op("reduce_mean", "mean over axes", ElementTypes::floats, [](DType d) { return d; });
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    reduce_reference(c, [](const Tensor& t, std::span<const int64_t> offsets) {
      double sum = 0;
      for (int64_t o : offsets) sum += t.get(o);
      return sum / static_cast<double>(offsets.size());
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    const auto& axes = node.attrs.integers("axes");
    bool keepdims = node.attrs.boolean("keepdims");
    return {
        in_f32(in[0], [&](Value x) { return div(reduce_sum(x, axes, keepdims), reduced_count(x, axes, x.dtype())); })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
