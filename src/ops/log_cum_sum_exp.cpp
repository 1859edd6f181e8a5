#include <algorithm>

#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// log of the running sum of exp(x) along the axis, without overflow.
// api: Value log_cum_sum_exp(Value x, int64_t axis);
Value log_cum_sum_exp(Value x, int64_t axis) {
  return build("log_cum_sum_exp", {x}, axis_attrs(x, axis));
}

void register_log_cum_sum_exp(OpRegistry& registry) {
  OpDef op = axis_op("log_cum_sum_exp", "log of the running sum of exp(x) along an axis", ElementTypes::floats);
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      double sum = -std::numeric_limits<double>::infinity();
      for (int64_t offset : offsets) {
        double value = x.get(offset);
        double top = std::max(sum, value);
        if (std::isnan(value) || std::isnan(sum)) {
          sum = std::nan("");
        } else if (std::isfinite(top)) {
          sum = top + std::log1p(std::exp(std::min(sum, value) - top));
        } else {
          sum = top;
        }
        c.outputs[0].set(offset, sum);
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
