#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with elements replaced: for each position of updates, the element of x at that position, with its coordinate on
/// `axis` taken from indices (i64 or i32, shape of updates). reduction says what becomes of the element:
/// "none" (the update; of several, the last), "add", "mul", "max", "min" (combined with it). As torch.scatter_reduce.
// api: Value scatter_elements(Value x, Value indices, Value updates, int64_t axis, std::string reduction = "none");
Value scatter_elements(Value x, Value indices, Value updates, int64_t axis, std::string reduction) {
  return build("scatter_elements", {x, indices, updates},
               {{"axis", front_axis(axis, x.rank())}, {"reduction", std::move(reduction)}});
}

void register_scatter_elements(OpRegistry& registry) {
  OpDef op;
  op.name = "scatter_elements";
  op.doc = "x with the elements at indices along axis replaced by, or combined with, updates";
  op.min_operands = op.max_operands = 3;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"},
              {"reduction", AttrKind::string, Attr(std::string("none")), false, "none, add, mul, max, min"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_scatter(c);
    const Shape& x = c.operand(0).shape;
    const Shape& indices = c.operand(1).shape;
    const Shape& updates = c.operand(2).shape;
    auto axis = static_cast<size_t>(c.axis("axis", c.operand(0).rank()));
    if (indices.size() != x.size() || updates.size() != x.size())
      fail(ErrorCode::invalid_shape, "indices {} and updates {}; expected the rank of {}", c.operand(1).to_string(),
           c.operand(2).to_string(), c.operand(0).to_string());
    for (size_t k = 0; k < x.size(); ++k) {
      unify(indices[k], updates[k], "indices and updates");
      if (k != axis && (x[k] - indices[k]).constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "indices are {}; expected at most the extents of {} beside axis {}",
             c.operand(1).to_string(), c.operand(0).to_string(), axis);
    }
    return {{c.operand(0).dtype, x}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& indices = c.inputs[1];
    const Tensor& updates = c.inputs[2];
    require_extents(updates, indices.shape(), "updates");
    auto axis = static_cast<size_t>(c.axis("axis", c.inputs[0].rank()));
    auto strides = strides_of(c.inputs[0].shape());
    Scatter scatter(c.inputs[0], c.attrs.string("reduction"));
    int64_t i = 0;
    for_each_index(indices.shape(), [&](const std::vector<int64_t>& index) {
      int64_t to = 0;
      for (size_t k = 0; k < index.size(); ++k)
        to += checked_index(k == axis ? indices.get_int(i) : index[k], c.inputs[0].shape()[k]) * strides[k];
      scatter.put(to, updates, i++);
    });
    scatter.store(c.outputs[0]);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
