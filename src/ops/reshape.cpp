#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The same elements in row-major order with other extents. One extent may be -1: it is computed.
// api: Value reshape(Value x, Shape shape);
Value reshape(Value x, Shape shape) {
  Dim known = 1;
  int unknown = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == Dim(-1)) {
      if (unknown >= 0) fail(ErrorCode::invalid_shape, "reshape to {}: at most one extent may be -1", to_string(shape));
      unknown = static_cast<int>(i);
    } else {
      known = known * shape[i];
    }
  }
  if (unknown >= 0) shape[static_cast<size_t>(unknown)] = floordiv(num_elements(x.shape()), known);
  return build("reshape", {x}, {{"shape", std::move(shape)}});
}

void register_reshape(OpRegistry& registry) {
  OpDef op;
  op.name = "reshape";
  op.doc = "The same elements in row-major order with other extents: x[...] -> [shape]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"shape", AttrKind::dims, std::nullopt, false, "result extents"}};
  op.numerics = Numerics::exact;
  op.is_view = true;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    const Shape& to = c.attrs.dims("shape");
    Dim before = num_elements(c.operand(0).shape);
    Dim after = num_elements(to);
    if ((before - after).constant().value_or(0) != 0)
      fail(ErrorCode::invalid_shape, "cannot reshape {} to {}: {} against {} elements", to_string(c.operand(0).shape),
           to_string(to), before.to_string(), after.to_string());
    return {{c.operand(0).dtype, to}};
  };
  op.reference = [](EvalContext& c) { c.outputs[0] = c.inputs[0].reshape(c.extents("shape")); };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
