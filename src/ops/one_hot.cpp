#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 1 at the index, 0 elsewhere; an index outside [0, depth) gives zeros.
/// Shapes: indices [...] of i64 or i32 -> [...,depth] of dtype.
// api: Value one_hot(Value indices, Dim depth, DType dtype);
Value one_hot(Value indices, Dim depth, DType dtype) {
  return build("one_hot", {indices}, {{"depth", Shape{std::move(depth)}}, {"dtype", dtype}});
}

void register_one_hot(OpRegistry& registry) {
  OpDef op;
  op.name = "one_hot";
  op.doc = "1 at the index, 0 elsewhere: indices[...] -> [...,depth]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"depth", AttrKind::dims, std::nullopt, false, "one dim: extent of the new axis"},
              {"dtype", AttrKind::dtype, std::nullopt, false, "dtype of the result"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_index, "i64 or i32");
    DType dtype = c.attrs.dtype("dtype");
    if (!is_number(dtype) && dtype != DType::boolean)
      fail(ErrorCode::invalid_dtype, "one_hot of dtype {}; expected a real type or bool", name_of(dtype));
    const Shape& depth = c.attrs.dims("depth");
    if (depth.size() != 1 || depth[0].constant().value_or(0) < 0)
      fail(ErrorCode::invalid_shape, "depth is {}; expected one extent", to_string(depth));
    TensorType out(dtype, c.operand(0).shape);
    out.shape.push_back(depth[0]);
    return {out};
  };
  op.reference = [](EvalContext& c) {
    int64_t depth = c.outputs[0].dim(-1);
    for (int64_t i = 0, n = c.outputs[0].num_elements(); i < n; ++i)
      c.outputs[0].set_int(i, c.inputs[0].get_int(i / depth) == i % depth ? 1 : 0);
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value positions = cast_to(iota(builder, DType::i64, node.attrs.dims("depth")[0]), operands[0].dtype());
    return {cast_to(equal(unsqueeze(operands[0], -1), positions), node.attrs.dtype("dtype"))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
