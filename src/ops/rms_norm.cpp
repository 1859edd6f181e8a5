#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Root-mean-square normalisation over the last axis: x / sqrt(mean(x^2) + eps) * weight.
/// Shapes: x [...,C], weight [C] (may be empty) -> [...,C] of the dtype of x; f16 and bf16 compute in f32.
/// Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4.
// api: Value rms_norm(Value x, Value weight, double eps);
Value rms_norm(Value x, Value weight, double eps) {
  return build("rms_norm", {x, weight}, {{"eps", eps}});
}

void register_rms_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "rms_norm";
  op.doc = "x / sqrt(mean(x^2) + eps) * weight over the last axis: x[...,C], weight[C]";
  op.min_operands = 1;
  op.max_operands = 2;
  op.attrs = {{"eps", AttrKind::number, std::nullopt, false, "added to the mean square"}};
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
    if (c.inputs.size() > 1) require_extents(c.inputs[1], {n}, "weight of rms_norm");
    for (int64_t base = 0, total = x.num_elements(); base < total; base += n) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += x.get(base + i) * x.get(base + i);
      double scale = 1.0 / std::sqrt(sum / static_cast<double>(n) + c.attrs.number("eps"));
      for (int64_t i = 0; i < n; ++i)
        c.outputs[0].set(base + i, x.get(base + i) * scale * (c.inputs.size() > 1 ? c.inputs[1].get(i) : 1.0));
    }
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    DType dtype = operands[0].dtype();
    Value x = cast_to(operands[0], compute_dtype(dtype));
    Value square = reduce_mean(mul(x, x), {-1}, true);
    Value y = mul(x, rsqrt(add(square, scalar_like(x, node.attrs.number("eps")))));
    if (operands.size() > 1) y = mul(y, cast_to(operands[1], y.dtype()));
    return {cast_to(y, dtype)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
