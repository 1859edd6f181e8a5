#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Windows of `size` positions along the axis, each `step` behind the one before: the axis gets the extent
/// floor((n - size) / step) + 1, and the positions of a window are a new last axis. As torch.Tensor.unfold.
// api: Value unfold(Value x, int64_t axis, int64_t size, int64_t step);
Value unfold(Value x, int64_t axis, int64_t size, int64_t step) {
  return build("unfold", {x}, {{"axis", front_axis(axis, x.rank())}, {"size", size}, {"step", step}});
}

void register_unfold(OpRegistry& registry) {
  OpDef op;
  op.name = "unfold";
  op.doc = "windows along an axis; their positions are a new last axis";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"},
              {"size", AttrKind::integer, std::nullopt, false, "positions of a window"},
              {"step", AttrKind::integer, std::nullopt, false, "from one window to the next"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_rank(c, 0, 1, 7);
    int64_t size = c.attrs.integer("size");
    int64_t step = c.attrs.integer("step");
    constexpr int64_t kMost = int64_t{1} << 40;
    if (size < 1 || step < 1 || size > kMost || step > kMost)
      fail(ErrorCode::invalid_argument, "windows of {} with step {}; expected 1 or more", size, step);
    Shape shape = c.operand(0).shape;
    Dim& n = shape[static_cast<size_t>(c.axis("axis", c.operand(0).rank()))];
    if (n.constant().value_or(size) < size)
      fail(ErrorCode::invalid_shape, "windows of {} on an axis of {}; expected at most that", size, n.to_string());
    n = floordiv(n - Dim(size), Dim(step)) + 1;
    shape.emplace_back(size);
    return {{c.operand(0).dtype, std::move(shape)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    if (x.shape()[axis] < c.attrs.integer("size"))
      fail(ErrorCode::invalid_shape, "windows of {} on an axis of {}; expected at most that", c.attrs.integer("size"),
           x.shape()[axis]);
    auto strides = strides_of(x.shape());
    auto from = strides;
    from[axis] *= c.attrs.integer("step");
    from.push_back(strides[axis]);
    int64_t i = 0;
    for_each_index(c.outputs[0].shape(), [&](const std::vector<int64_t>& index) {
      copy_element(x, offset_of(index, from), c.outputs[0], i++);
    });
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    int64_t axis = node.attrs.integer("axis");
    Dim size = node.attrs.integer("size");
    Dim windows = floordiv(in[0].dim(static_cast<int>(axis)) - size, Dim(node.attrs.integer("step"))) + 1;
    Value begin = mul(iota(builder, DType::i64, windows), extent_value(builder, node.attrs.integer("step")));
    Value index = add(unsqueeze(begin, 1), iota(builder, DType::i64, size));
    return {move_axis(gather(in[0], index, axis), axis + 1, -1)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
