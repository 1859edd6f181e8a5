#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Layer normalisation over the last axis: (x - mean) / sqrt(variance + eps) * weight + bias.
/// Shapes: x [...,C], weight [C] and bias [C] (bias, or both, may be empty) -> [...,C] of the dtype of x; f16 and bf16
/// compute in f32. Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.
// api: Value layer_norm(Value x, Value weight, Value bias, double eps);
Value layer_norm(Value x, Value weight, Value bias, double eps) {
  if (bias && !weight) fail(ErrorCode::invalid_argument, "layer_norm was given a bias without a weight");
  return build("layer_norm", {x, weight, bias}, {{"eps", eps}});
}

void register_layer_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "layer_norm";
  op.doc = "(x - mean) / sqrt(variance + eps) * weight + bias over the last axis: x[...,C], weight[C], bias[C]";
  op.min_operands = 1;
  op.max_operands = 3;
  op.attrs = {{"eps", AttrKind::number, std::nullopt, false, "added to the variance"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_rank(c, 0, 1, 8);
    require_affine(c, 1, c.operand(0).shape.back());
    return {{c.operand(0).dtype, c.operand(0).shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    int64_t n = x.dim(-1);
    for (size_t i = 1; i < c.inputs.size(); ++i) require_extents(c.inputs[i], {n}, "weight or bias of layer_norm");
    for (int64_t base = 0, total = x.num_elements(); base < total; base += n) {
      double mean = 0;
      for (int64_t i = 0; i < n; ++i) mean += x.get(base + i);
      mean /= static_cast<double>(n);
      double variance = 0;
      for (int64_t i = 0; i < n; ++i) variance += (x.get(base + i) - mean) * (x.get(base + i) - mean);
      variance /= static_cast<double>(n);
      double scale = 1.0 / std::sqrt(variance + c.attrs.number("eps"));
      for (int64_t i = 0; i < n; ++i) {
        double y = (x.get(base + i) - mean) * scale;
        if (c.inputs.size() > 1) y *= c.inputs[1].get(i);
        if (c.inputs.size() > 2) y += c.inputs[2].get(i);
        c.outputs[0].set(base + i, y);
      }
    }
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    DType dtype = operands[0].dtype();
    DType compute = compute_dtype(dtype);
    Value y = normalize_last_axis(cast_to(operands[0], compute), node.attrs.number("eps"));
    if (operands.size() > 1) y = mul(y, cast_to(operands[1], compute));
    if (operands.size() > 2) y = add(y, cast_to(operands[2], compute));
    return {cast_to(y, dtype)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
