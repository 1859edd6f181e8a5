#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// Sum of squared distances from the mean over the axes (none given: all), divided by max(count - correction, 0).
/// correction 1 gives the unbiased estimate.
// api: Value variance(Value x, std::vector<int64_t> axes = {}, int64_t correction = 1, bool keepdims = false);
Value variance(Value x, std::vector<int64_t> axes, int64_t correction, bool keepdims) {
  return build_reduction("variance", x, std::move(axes), keepdims, {{"correction", correction}});
}

void register_variance(OpRegistry& registry) {
  OpDef op = reduction_op("variance", "variance over axes", ElementTypes::floats, [](DType d) { return d; });
  op.attrs.push_back({"correction", AttrKind::integer, Attr(int64_t{1}), false, "subtracted from the count"});
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    auto correction = static_cast<double>(c.attrs.integer("correction"));
    reduce_reference(c, [correction](const Tensor& t, std::span<const int64_t> offsets) {
      auto count = static_cast<double>(offsets.size());
      double mean = 0;
      for (int64_t o : offsets) mean += t.get(o) / count;
      double sum = 0;
      for (int64_t o : offsets) sum += (t.get(o) - mean) * (t.get(o) - mean);
      return sum / std::max(count - correction, 0.0);
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    const auto& axes = node.attrs.integers("axes");
    bool keepdims = node.attrs.boolean("keepdims");
    auto correction = static_cast<double>(node.attrs.integer("correction"));
    return {in_f32(in[0], [&](Value x) {
      Value sum = reduce_sum(square(sub(x, reduce_mean(x, axes, true))), axes, keepdims);
      Value count = sub(reduced_count(x, axes, x.dtype()), scalar_like(x, correction));
      return div(sum, maximum(count, scalar_like(x, 0.0)));
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
