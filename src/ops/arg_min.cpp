#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

namespace {

// NaN counts as the smallest here.
bool smaller(const Tensor& x, int64_t i, int64_t j) {
  if (!is_float(x.dtype())) return ordered_less(x, i, j);
  if (std::isnan(x.get(j))) return false;
  return std::isnan(x.get(i)) || x.get(i) < x.get(j);
}

}  // namespace

/// Index along the axis of the smallest element, the first of equal ones, as i64; a NaN wins. Errors: invalid_shape if
/// the axis is empty.
// api: Value arg_min(Value x, int64_t axis, bool keepdims = false);
Value arg_min(Value x, int64_t axis, bool keepdims) {
  Attrs attrs = axis_attrs(x, axis);
  attrs.set("keepdims", keepdims);
  return build("arg_min", {x}, std::move(attrs));
}

void register_arg_min(OpRegistry& registry) {
  OpDef op = axis_op("arg_min", "index of the smallest element along an axis", ElementTypes::any);
  op.attrs.push_back({"keepdims", AttrKind::boolean, Attr(false), false, "the axis stays, with extent 1"});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    Shape shape = infer(c).at(0).shape;
    auto axis = static_cast<size_t>(c.axis("axis", c.operand(0).rank()));
    if (shape[axis] == Dim(0))
      fail(ErrorCode::invalid_shape, "axis {} of {} is empty; expected at least one element", axis, to_string(shape));
    if (c.attrs.boolean("keepdims")) {
      shape[axis] = 1;
    } else {
      shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
    }
    return {{DType::i64, std::move(shape)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    int64_t i = 0;
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      if (offsets.empty())
        fail(ErrorCode::invalid_shape, "the axis of {} is empty; expected at least one element", to_string(x.shape()));
      size_t best = 0;
      for (size_t j = 1; j < offsets.size(); ++j)
        if (smaller(x, offsets[j], offsets[best])) best = j;
      c.outputs[0].set_int(i++, static_cast<int64_t>(best));
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
