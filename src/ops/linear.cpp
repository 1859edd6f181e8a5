#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x times the transpose of weight, plus bias. Shapes: x [...,K], weight [N,K], bias [N] (may be empty) -> [...,N].
/// weight may be of a lower-precision float type than x: products and sums are those of the converted values.
// api: Value linear(Value x, Value weight, Value bias = {});
Value linear(Value x, Value weight, Value bias) {
  return build("linear", {x, weight, bias});
}

void register_linear(OpRegistry& registry) {
  OpDef op;
  op.name = "linear";
  op.doc = "x[...,K] * weight[N,K]^T + bias[N] -> [...,N]";
  op.min_operands = 2;
  op.max_operands = 3;
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    return {linear_result(c.operand(0), c.operand(1), c.num_operands() == 3 ? &c.operand(2) : nullptr)};
  };
  op.reference = [](EvalContext& c) {
    linear_reference(c.inputs[0], c.inputs[1], c.inputs.size() == 3 ? &c.inputs[2] : nullptr, c.outputs[0]);
  };
  op.expand = [](Builder&, const Node&, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    Value out = matmul(x, transpose(cast_to(operands[1], x.dtype()), {1, 0}));
    if (operands.size() == 3) out = add(out, cast_to(operands[2], x.dtype()));
    return {out};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
