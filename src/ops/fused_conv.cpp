#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// conv with an activation and a residual of the shape of the result: act(conv) + residual, or act(conv + residual) if
/// activation_after_residual. bias and residual may be empty; activations as in fused_linear.
// api: Value fused_conv(Value x, Value weight, Value bias, Value residual, ConvOptions options, std::string activation, bool activation_after_residual = false);
Value fused_conv(Value x, Value weight, Value bias, Value residual, ConvOptions options, std::string activation,
                 bool activation_after_residual) {
  size_t axes = x.rank() < 2 ? 0 : static_cast<size_t>(x.rank()) - 2;
  Attrs attrs = conv_attrs(options, axes);
  attrs.set("has_bias", static_cast<bool>(bias));
  attrs.set("has_residual", static_cast<bool>(residual));
  attrs.set("activation", std::move(activation));
  attrs.set("activation_after_residual", activation_after_residual);
  std::vector<Value> operands = {x, weight};
  if (bias) operands.push_back(bias);
  if (residual) operands.push_back(residual);
  return build_multi("fused_conv", operands, std::move(attrs)).at(0);
}

void register_fused_conv(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_conv";
  op.doc = "act(conv(x, weight, bias)) + residual, or act(conv + residual)";
  op.min_operands = 2;
  op.max_operands = 4;
  op.attrs = window_attrs();
  op.attrs.push_back(
      {"groups", AttrKind::integer, Attr(int64_t{1}), false, "groups of channels that are convolved apart"});
  op.attrs.push_back({"has_bias", AttrKind::boolean, std::nullopt, false, "operand 2 is the bias"});
  op.attrs.push_back({"has_residual", AttrKind::boolean, std::nullopt, false, "the last operand is the residual"});
  op.attrs.push_back({"activation", AttrKind::string, std::nullopt, false, "name of the activation, or none"});
  op.attrs.push_back({"activation_after_residual", AttrKind::boolean, Attr(false), false, "act(conv + residual)"});
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    bool has_bias = c.attrs.boolean("has_bias");
    bool has_residual = c.attrs.boolean("has_residual");
    require_activation(c.attrs.string("activation"));
    require_operand_count(c, 2 + (has_bias ? 1U : 0U) + (has_residual ? 1U : 0U));
    TensorType out = conv_result(c.attrs, c.operand(0), c.operand(1), has_bias ? &c.operand(2) : nullptr);
    if (has_residual) require_same_type(c.operand(c.num_operands() - 1), out, "residual");
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor* residual = c.attrs.boolean("has_residual") ? &c.inputs.back() : nullptr;
    if (residual != nullptr) require_extents(*residual, c.outputs[0].shape(), "residual");
    const std::string& activation = c.attrs.string("activation");
    bool after = c.attrs.boolean("activation_after_residual");
    conv_reference(c.attrs, c.inputs[0], c.inputs[1], c.attrs.boolean("has_bias") ? &c.inputs[2] : nullptr,
                   c.outputs[0], [&](double sum, int64_t at) {
                     double rest = residual != nullptr ? residual->get(at) : 0.0;
                     return after ? activate(sum + rest, activation) : activate(sum, activation) + rest;
                   });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value y = conv(operands[0], operands[1], node.attrs.boolean("has_bias") ? operands[2] : Value(),
                   conv_options(node.attrs));
    bool has_residual = node.attrs.boolean("has_residual");
    bool after = node.attrs.boolean("activation_after_residual");
    if (has_residual && after) y = add(y, operands.back());
    y = apply_activation(y, node.attrs.string("activation"));
    if (has_residual && !after) y = add(y, operands.back());
    return {y};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
