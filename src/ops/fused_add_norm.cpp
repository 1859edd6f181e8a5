#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// A residual sum and its normalisation: s = x + residual -> (norm(s), s). kind: "layer_norm" or "rms_norm".
/// Shapes: x and residual [...,C], weight [C], bias [C] (layer_norm only; may be empty) -> [...,C] twice.
// api: std::vector<Value> fused_add_norm(Value x, Value residual, Value weight, Value bias, double eps, std::string kind);
std::vector<Value> fused_add_norm(Value x, Value residual, Value weight, Value bias, double eps, std::string kind) {
  std::vector<Value> operands = {x, residual, weight};
  if (bias) operands.push_back(bias);
  return build_multi("fused_add_norm", operands, {{"eps", eps}, {"kind", std::move(kind)}});
}

void register_fused_add_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_add_norm";
  op.doc = "s = x + residual -> (norm(s), s): x[...,C], residual[...,C], weight[C], bias[C]";
  op.min_operands = 3;
  op.max_operands = 4;
  op.attrs = {{"eps", AttrKind::number, std::nullopt, false, "added to the variance"},
              {"kind", AttrKind::string, std::nullopt, false, "layer_norm or rms_norm"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_one_of("kind", c.attrs.string("kind"), {"layer_norm", "rms_norm"});
    if (c.attrs.string("kind") == "rms_norm") require_operand_count(c, 3);
    require_dtype(c, 0, is_float, "a float type");
    require_rank(c, 0, 1, 8);
    TensorType out(c.operand(0).dtype, c.operand(0).shape);
    require_same_type(c.operand(1), out, "residual");
    require_affine(c, 2, out.shape.back());
    return {out, out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    int64_t n = x.dim(-1);
    require_extents(c.inputs[1], x.shape(), "residual");
    for (size_t i = 2; i < c.inputs.size(); ++i) require_extents(c.inputs[i], {n}, "weight or bias");
    bool centre = c.attrs.string("kind") == "layer_norm";
    for (int64_t base = 0, total = x.num_elements(); base < total; base += n) {
      double mean = 0;
      for (int64_t i = base; i < base + n; ++i) {
        c.outputs[1].set(i, x.get(i) + c.inputs[1].get(i));
        if (centre) mean += c.outputs[1].get(i) / static_cast<double>(n);
      }
      double variance = 0;
      for (int64_t i = base; i < base + n; ++i)
        variance += std::pow(c.outputs[1].get(i) - mean, 2) / static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) {
        double y =
            (c.outputs[1].get(base + i) - mean) / std::sqrt(variance + c.attrs.number("eps")) * c.inputs[2].get(i);
        c.outputs[0].set(base + i, c.inputs.size() > 3 ? y + c.inputs[3].get(i) : y);
      }
    }
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value sum = add(operands[0], operands[1]);
    double eps = node.attrs.number("eps");
    if (node.attrs.string("kind") == "rms_norm") return {rms_norm(sum, operands[2], eps), sum};
    return {layer_norm(sum, operands[2], operands.size() > 3 ? operands[3] : Value(), eps), sum};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
