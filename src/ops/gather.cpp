#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Positions of one axis, by index: the axis gives way to the axes of indices (i64 or i32; negative counts from the
/// back). Result: x.shape[:axis] + indices.shape + x.shape[axis+1:].
// api: Value gather(Value x, Value indices, int64_t axis);
Value gather(Value x, Value indices, int64_t axis) {
  return build("gather", {x, indices}, {{"axis", front_axis(axis, x.rank())}});
}

void register_gather(OpRegistry& registry) {
  OpDef op;
  op.name = "gather";
  op.doc = "Positions of one axis, by index: the axis gives way to the axes of indices";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis of x"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_dtype(c, 1, is_index, "i64 or i32");
    const Shape& x = c.operand(0).shape;
    const Shape& indices = c.operand(1).shape;
    int axis = c.axis("axis", c.operand(0).rank());
    Shape out(x.begin(), x.begin() + axis);
    out.insert(out.end(), indices.begin(), indices.end());
    out.insert(out.end(), x.begin() + axis + 1, x.end());
    return {{c.operand(0).dtype, std::move(out)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& indices = c.inputs[1];
    int axis = c.axis("axis", x.rank());
    int64_t outer = 1;
    int64_t inner = 1;
    for (int k = 0; k < x.rank(); ++k) (k < axis ? outer : inner) *= k == axis ? 1 : x.dim(k);
    int64_t n = x.dim(axis);
    int64_t count = indices.num_elements();
    for (int64_t j = 0; j < count; ++j) {
      int64_t at = checked_index(indices.get_int(j), n);
      for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i)
          copy_element(x, (o * n + at) * inner + i, c.outputs[0], (o * count + j) * inner + i);
      }
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
