#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Gives an unbacked dim ("?u0") the value of an i64 scalar, known when the call reaches it. The result u8[dim,0] has
/// no bytes; what names the dim in its attributes depends on it without taking it as an operand.
// api: Value bind_dim(Value value, Dim dim);
Value bind_dim(Value value, Dim dim) {
  return build("bind_dim", {value}, {{"dim", Shape{std::move(dim)}}});
}

void register_bind_dim(OpRegistry& registry) {
  OpDef op;
  op.name = "bind_dim";
  op.doc = "gives an unbacked dim the value of an i64 scalar: value -> u8[dim,0]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"dim", AttrKind::dims, std::nullopt, false, "the dim (one unbacked symbol)"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    const Shape& dim = c.attrs.dims("dim");
    if (dim.size() != 1 || !dim[0].as_symbol() || !dim[0].has_unbacked())
      fail(ErrorCode::invalid_graph, "dim is {}; expected one unbacked symbol", to_string(dim));
    if (!(c.operand(0) == TensorType(DType::i64, {})))
      fail(ErrorCode::invalid_dtype, "the value of a dim is {}; expected i64[]", c.operand(0).to_string());
    return {{DType::u8, {dim[0], Dim(0)}}};
  };
  op.reference = [](EvalContext& c) {
    int64_t extent = c.inputs[0].get_int(0);
    if (extent < 0)
      fail(ErrorCode::invalid_shape, "the dim {} was computed as {}; expected at least 0",
           c.attrs.dims("dim")[0].to_string(), extent);
    c.outputs[0] = Tensor(DType::u8, {extent, 0});
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
