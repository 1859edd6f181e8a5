#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with the elements where mask (bool, broadcast to x) is true replaced by those of source, taken in row-major order.
/// source has any shape, the dtype of x, and at least as many elements as mask has true ones; else invalid_argument.
// api: Value masked_scatter(Value x, Value mask, Value source);
Value masked_scatter(Value x, Value mask, Value source) {
  return build("masked_scatter", {x, mask, source});
}

void register_masked_scatter(OpRegistry& registry) {
  OpDef op;
  op.name = "masked_scatter";
  op.doc = "x with the elements where mask is true replaced by those of source, one after another";
  op.min_operands = op.max_operands = 3;
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_dtype(c, 1, [](DType t) { return t == DType::boolean; }, "bool");
    require_same_dtype(c, 0, 2);
    if (c.operand(1).rank() > c.operand(0).rank())
      fail(ErrorCode::invalid_shape, "mask is {}; expected one that broadcasts to {}", c.operand(1).to_string(),
           c.operand(0).to_string());
    broadcast(c.operand(0).shape, c.operand(1).shape);
    return {c.operand(0)};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& mask = c.inputs[1];
    const Tensor& source = c.inputs[2];
    auto strides = broadcast_strides(mask.shape(), x.shape());
    int64_t i = 0;
    int64_t next = 0;
    for_each_index(x.shape(), [&](const std::vector<int64_t>& index) {
      bool replaced = mask.as<uint8_t>()[offset_of(index, strides)] != 0;
      if (replaced && next == source.num_elements())
        fail(ErrorCode::invalid_argument, "source has {} elements; the mask asks for more", next);
      if (replaced) {
        copy_element(source, next++, c.outputs[0], i);
      } else {
        copy_element(x, i, c.outputs[0], i);
      }
      ++i;
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
