#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// a where condition is true, else b; all three broadcast. condition is bool, a and b have one dtype.
// api: Value where(Value condition, Value a, Value b);
Value where(Value condition, Value a, Value b) {
  return build("where", {condition, a, b});
}

void register_where(OpRegistry& registry) {
  OpDef op;
  op.name = "where";
  op.doc = "a where condition is true, else b";
  op.min_operands = op.max_operands = 3;
  op.numerics = Numerics::exact;
  op.is_elementwise = true;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, [](DType d) { return d == DType::boolean; }, "bool (the condition)");
    const TensorType& a = c.operand(1);
    const TensorType& b = c.operand(2);
    if (a.dtype != b.dtype || a.is_token() || !a.encoding.plain() || !b.encoding.plain())
      fail(ErrorCode::invalid_dtype, "the alternatives are {} and {}; expected two tensors of one dtype", a.to_string(),
           b.to_string());
    return {{a.dtype, broadcast(c.operand(0).shape, broadcast(a.shape, b.shape))}};
  };
  op.reference = [](EvalContext& c) {
    Tensor& out = c.outputs[0];
    auto strides_condition = broadcast_strides(c.inputs[0].shape(), out.shape());
    auto strides_a = broadcast_strides(c.inputs[1].shape(), out.shape());
    auto strides_b = broadcast_strides(c.inputs[2].shape(), out.shape());
    int64_t i = 0;
    for_each_index(out.shape(), [&](const std::vector<int64_t>& index) {
      bool first = c.inputs[0].get_int(offset_of(index, strides_condition)) != 0;
      copy_element(c.inputs[first ? 1 : 2], offset_of(index, first ? strides_a : strides_b), out, i++);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
