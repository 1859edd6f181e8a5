#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x repeated to a shape by the rules of broadcasting; -1 keeps the extent of x.
// api: Value expand(Value x, Shape shape);
Value expand(Value x, Shape shape) {
  for (size_t i = 0; i < shape.size() && i < x.shape().size(); ++i) {
    Dim& to = shape[shape.size() - 1 - i];
    if (to == Dim(-1)) to = x.shape()[x.shape().size() - 1 - i];
  }
  if (shape == x.shape()) return x;
  return build("expand", {x}, {{"shape", std::move(shape)}});
}

void register_expand(OpRegistry& registry) {
  OpDef op;
  op.name = "expand";
  op.doc = "x repeated to a shape by the rules of broadcasting";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"shape", AttrKind::dims, std::nullopt, false, "result extents"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    const Shape& shape = c.attrs.dims("shape");
    const TensorType& x = c.operand(0);
    if (x.shape.size() > shape.size() || broadcast(x.shape, shape) != shape)
      fail(ErrorCode::invalid_shape, "{} cannot be expanded to {}", x.to_string(), to_string(shape));
    return {{x.dtype, shape}};
  };
  op.reference = [](EvalContext& c) {
    auto strides = broadcast_strides(c.inputs[0].shape(), c.outputs[0].shape());
    int64_t i = 0;
    for_each_index(c.outputs[0].shape(), [&](const std::vector<int64_t>& index) {
      copy_element(c.inputs[0], offset_of(index, strides), c.outputs[0], i++);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
