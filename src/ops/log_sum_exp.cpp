#include <algorithm>

#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// log of the sum of exp(x) over the axes (none given: all), without overflow.
// api: Value log_sum_exp(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value log_sum_exp(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("log_sum_exp", x, std::move(axes), keepdims);
}

void register_log_sum_exp(OpRegistry& registry) {
  OpDef op = reduction_op("log_sum_exp", "log(sum(exp(x))) over axes", ElementTypes::floats, [](DType d) { return d; });
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    reduce_reference(c, [](const Tensor& t, std::span<const int64_t> offsets) {
      double top = -std::numeric_limits<double>::infinity();
      for (int64_t o : offsets) top = std::isnan(t.get(o)) || t.get(o) > top ? t.get(o) : top;
      double shift = std::isinf(top) ? 0.0 : top;
      double sum = 0;
      for (int64_t o : offsets) sum += std::exp(t.get(o) - shift);
      return std::log(sum) + shift;
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    const auto& axes = node.attrs.integers("axes");
    bool keepdims = node.attrs.boolean("keepdims");
    return {in_f32(in[0], [&](Value x) {
      Value top = reduce_max(x, axes, true);
      Value shift = where(is_inf(top), scalar_like(x, 0.0), top);
      Value sum = log(reduce_sum(exp(sub(x, shift)), axes, true));
      Value out = add(sum, shift);
      if (keepdims) return out;
      Shape shape;
      for (int axis = 0; axis < x.rank(); ++axis)
        if (std::find(axes.begin(), axes.end(), axis) == axes.end()) shape.push_back(x.dim(axis));
      return reshape(out, shape);
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
