#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The values one after another along an axis; one dtype, equal extents on the other axes.
// api: Value concat(std::vector<Value> values, int64_t axis);
Value concat(std::vector<Value> values, int64_t axis) {
  if (values.empty() || !values[0]) fail(ErrorCode::invalid_argument, "concat was given no value");
  if (values.size() == 1) {
    front_axis(axis, values[0].rank());
    return values[0];
  }
  return build_multi("concat", values, {{"axis", front_axis(axis, values[0].rank())}}).at(0);
}

void register_concat(OpRegistry& registry) {
  OpDef op;
  op.name = "concat";
  op.doc = "The operands one after another along an axis";
  op.min_operands = 1;
  op.max_operands = -1;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    TensorType out(c.operand(0).dtype, c.operand(0).shape);
    auto axis = static_cast<size_t>(c.axis("axis", out.rank()));
    for (size_t i = 1; i < c.num_operands(); ++i) {
      require_same_dtype(c, 0, i);
      const Shape& shape = c.operand(i).shape;
      if (shape.size() != out.shape.size())
        fail(ErrorCode::invalid_shape, "operand {} is {}; expected rank {}", i, c.operand(i).to_string(), out.rank());
      for (size_t k = 0; k < shape.size(); ++k)
        out.shape[k] = k == axis ? out.shape[k] + shape[k] : unify(out.shape[k], shape[k], fmt::format("axis {}", k));
    }
    return {out};
  };
  op.reference = [](EvalContext& c) {
    Tensor& out = c.outputs[0];
    auto axis = static_cast<size_t>(c.axis("axis", out.rank()));
    auto strides = strides_of(out.shape());
    int64_t base = 0;
    for (const Tensor& x : c.inputs) {
      auto expected = out.shape();
      expected[axis] = x.shape()[axis];
      require_extents(x, expected, "an operand of concat");
      int64_t i = 0;
      for_each_index(x.shape(), [&](const std::vector<int64_t>& index) {
        copy_element(x, i++, out, base + offset_of(index, strides));
      });
      base += x.shape()[axis] * strides[axis];
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
