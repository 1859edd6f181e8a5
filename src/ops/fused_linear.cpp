#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// linear, then an activation, then the sum with residual: act(x weight^T + bias) + residual.
/// Shapes: x [...,K], weight [N,K], bias [N], residual [...,N] (bias and residual may be empty) -> [...,N].
/// activation: "none", "relu", "gelu", "gelu_tanh", "quick_gelu", "silu", "tanh" or "sigmoid".
// api: Value fused_linear(Value x, Value weight, Value bias, Value residual, std::string activation);
Value fused_linear(Value x, Value weight, Value bias, Value residual, std::string activation) {
  std::vector<Value> operands = {x, weight};
  if (bias) operands.push_back(bias);
  if (residual) operands.push_back(residual);
  return build_multi("fused_linear", operands,
                     {{"has_bias", static_cast<bool>(bias)},
                      {"has_residual", static_cast<bool>(residual)},
                      {"activation", std::move(activation)}})
      .at(0);
}

void register_fused_linear(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_linear";
  op.doc = "act(x weight^T + bias) + residual: x[...,K], weight[N,K], bias[N], residual[...,N] -> [...,N]";
  op.min_operands = 2;
  op.max_operands = 4;
  op.attrs = {{"has_bias", AttrKind::boolean, std::nullopt, false, "operand 2 is the bias"},
              {"has_residual", AttrKind::boolean, std::nullopt, false, "the last operand is the residual"},
              {"activation", AttrKind::string, std::nullopt, false, "name of the activation, or none"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    bool has_bias = c.attrs.boolean("has_bias");
    bool has_residual = c.attrs.boolean("has_residual");
    require_activation(c.attrs.string("activation"));
    require_operand_count(c, 2 + (has_bias ? 1U : 0U) + (has_residual ? 1U : 0U));
    TensorType out = linear_result(c.operand(0), c.operand(1), has_bias ? &c.operand(2) : nullptr);
    if (has_residual) require_same_type(c.operand(c.num_operands() - 1), out, "residual");
    return {out};
  };
  op.reference = [](EvalContext& c) {
    bool has_bias = c.attrs.boolean("has_bias");
    Tensor sum(DType::f64, c.outputs[0].shape());
    linear_reference(c.inputs[0], c.inputs[1], has_bias ? &c.inputs[2] : nullptr, sum);
    const Tensor* residual = c.attrs.boolean("has_residual") ? &c.inputs.back() : nullptr;
    if (residual != nullptr) require_extents(*residual, sum.shape(), "residual");
    const std::string& activation = c.attrs.string("activation");
    for (int64_t i = 0, n = sum.num_elements(); i < n; ++i)
      c.outputs[0].set(i, activate(sum.get(i), activation) + (residual != nullptr ? residual->get(i) : 0.0));
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value y = linear(operands[0], operands[1], node.attrs.boolean("has_bias") ? operands[2] : Value());
    y = apply_activation(y, node.attrs.string("activation"));
    return {node.attrs.boolean("has_residual") ? add(y, operands.back()) : y};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
