#include <algorithm>
#include <numeric>

#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

/// Values in order along the axis and, as i64, where each came from. NaN counts as the largest; equal elements keep
/// their order.
// api: std::vector<Value> sort(Value x, int64_t axis = -1, bool descending = false);
std::vector<Value> sort(Value x, int64_t axis, bool descending) {
  Attrs attrs = axis_attrs(x, axis);
  attrs.set("descending", descending);
  return build_multi("sort", std::vector<Value>{x}, std::move(attrs));
}

void register_sort(OpRegistry& registry) {
  OpDef op = axis_op("sort", "values in order along an axis, and their indices", ElementTypes::any);
  op.attrs.push_back({"descending", AttrKind::boolean, Attr(false), false, "largest first"});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    return {type, {DType::i64, type.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    bool descending = c.attrs.boolean("descending");
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      auto order = sorted_order(x, offsets, descending);
      for (size_t j = 0; j < order.size(); ++j) {
        copy_element(x, offsets[order[j]], c.outputs[0], offsets[j]);
        c.outputs[1].set_int(offsets[j], static_cast<int64_t>(order[j]));
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
