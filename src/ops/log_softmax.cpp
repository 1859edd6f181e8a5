#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// log(softmax(x)) along the axis, without overflow.
// api: Value log_softmax(Value x, int64_t axis = -1);
Value log_softmax(Value x, int64_t axis) {
  return build("log_softmax", {x}, axis_attrs(x, axis));
}

void register_log_softmax(OpRegistry& registry) {
  OpDef op = axis_op("log_softmax", "log softmax along an axis", ElementTypes::floats);
  op.numerics = Numerics::accumulating;
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      double top = -std::numeric_limits<double>::infinity();
      for (int64_t o : offsets) top = std::isnan(x.get(o)) || x.get(o) > top ? x.get(o) : top;
      double sum = 0;
      for (int64_t o : offsets) sum += std::exp(x.get(o) - top);
      for (int64_t o : offsets) c.outputs[0].set(o, x.get(o) - top - std::log(sum));
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    int64_t axis = node.attrs.integer("axis");
    return {in_f32(in[0], [axis](Value x) {
      Value shifted = sub(x, reduce_max(x, {axis}, true));
      return sub(shifted, log(reduce_sum(exp(shifted), {axis}, true)));
    })};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
