#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// For each position of indices (i64 or i32, rank of x; negative counts from the back): the element of x at that
/// position, with its coordinate on `axis` replaced by the index. Result: the shape of indices. As torch.gather.
// api: Value gather_elements(Value x, Value indices, int64_t axis);
Value gather_elements(Value x, Value indices, int64_t axis) {
  return build("gather_elements", {x, indices}, {{"axis", front_axis(axis, x.rank())}});
}

void register_gather_elements(OpRegistry& registry) {
  OpDef op;
  op.name = "gather_elements";
  op.doc = "out[i,j,...] = x at (i,j,...) with the coordinate on axis replaced by indices[i,j,...]";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_dtype(c, 1, is_index, "i64 or i32");
    const Shape& x = c.operand(0).shape;
    const Shape& indices = c.operand(1).shape;
    auto axis = static_cast<size_t>(c.axis("axis", c.operand(0).rank()));
    if (indices.size() != x.size())
      fail(ErrorCode::invalid_shape, "indices are {}; expected rank {}", c.operand(1).to_string(), x.size());
    for (size_t k = 0; k < x.size(); ++k) {
      if (k != axis && (x[k] - indices[k]).constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "indices are {}; expected at most the extents of {} beside axis {}",
             c.operand(1).to_string(), c.operand(0).to_string(), axis);
    }
    return {{c.operand(0).dtype, indices}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& indices = c.inputs[1];
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    auto strides = strides_of(x.shape());
    int64_t i = 0;
    for_each_index(indices.shape(), [&](const std::vector<int64_t>& index) {
      int64_t from = 0;
      for (size_t k = 0; k < index.size(); ++k)
        from += checked_index(k == axis ? indices.get_int(i) : index[k], x.shape()[k]) * strides[k];
      copy_element(x, from, c.outputs[0], i++);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
