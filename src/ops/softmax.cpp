#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// exp(x) along the axis divided by its sum, without overflow. A line of only -inf gives NaN.
// api: Value softmax(Value x, int64_t axis = -1);
Value softmax(Value x, int64_t axis) {
  return build("softmax", {x}, axis_attrs(x, axis));
}

void register_softmax(OpRegistry& registry) {
  OpDef op = axis_op("softmax", "softmax along an axis", ElementTypes::floats);
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      double top = -std::numeric_limits<double>::infinity();
      for (int64_t o : offsets) top = std::isnan(x.get(o)) || x.get(o) > top ? x.get(o) : top;
      double sum = 0;
      for (int64_t o : offsets) sum += std::exp(x.get(o) - top);
      for (int64_t o : offsets) c.outputs[0].set(o, std::exp(x.get(o) - top) / sum);
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    int64_t axis = node.attrs.integer("axis");
    return {in_f32(in[0], [axis](Value x) {
      Value e = exp(sub(x, reduce_max(x, {axis}, true)));
      return div(e, reduce_sum(e, {axis}, true));
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
