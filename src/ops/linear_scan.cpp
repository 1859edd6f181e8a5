#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

/// The linear recurrence h[t] = a[t] * h[t-1] + b[t] along the axis, elementwise in the others, with h[-1] = initial.
/// a and b have one shape, initial has it without the axis; all of one float dtype -> all h, with the shape of a.
/// Each step is carried in f32 at least. Source: the recurrence of Mamba (Gu & Dao 2023, arXiv:2312.00752) and of the
/// RG-LRU (De et al. 2024, arXiv:2402.19427).
// api: Value linear_scan(Value a, Value b, Value initial, int64_t axis);
Value linear_scan(Value a, Value b, Value initial, int64_t axis) {
  return build("linear_scan", {a, b, initial}, axis_attrs(a, axis));
}

void register_linear_scan(OpRegistry& registry) {
  OpDef op;
  op.name = "linear_scan";
  op.doc = "(a, b, initial) -> h[t] = a[t] * h[t-1] + b[t] along an axis, from h[-1] = initial";
  op.min_operands = op.max_operands = 3;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis of the steps"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "floats");
    require_same_dtype(c, 0, 1);
    require_same_dtype(c, 0, 2);
    const TensorType& a = c.operand(0);
    require_rank(c, 1, a.rank(), a.rank());
    require_rank(c, 2, a.rank() - 1, a.rank() - 1);
    const auto axis = static_cast<size_t>(c.axis("axis", a.rank()));
    Shape shape = a.shape;
    for (size_t i = 0; i < shape.size(); ++i) shape[i] = unify(shape[i], c.operand(1).shape[i], "an axis of a and b");
    for (size_t i = 0; i < shape.size(); ++i)
      if (i != axis) shape[i] = unify(shape[i], c.operand(2).shape[i < axis ? i : i - 1], "an axis of a and initial");
    return {{a.dtype, shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    const int axis = c.axis("axis", a.rank());
    int64_t inner = 1;
    for (int i = axis + 1; i < a.rank(); ++i) inner *= a.shape()[static_cast<size_t>(i)];
    const int64_t size = a.shape()[static_cast<size_t>(axis)];
    for_each_line(a.shape(), axis, [&](std::span<const int64_t> offsets) {
      if (offsets.empty()) return;
      double h = c.inputs[2].get(offsets[0] / (inner * size) * inner + offsets[0] % inner);
      for (int64_t o : offsets) {
        h = a.get(o) * h + b.get(o);
        c.outputs[0].set(o, h);
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
