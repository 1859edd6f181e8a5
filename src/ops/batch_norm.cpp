#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Batch normalisation with given statistics (inference): (x - mean) / sqrt(variance + eps) * weight + bias, each of
/// them [C] along `axis` of x. Result: dtype and shape of x. Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
// api: Value batch_norm(Value x, Value weight, Value bias, Value mean, Value variance, double eps, int64_t axis = 1);
Value batch_norm(Value x, Value weight, Value bias, Value mean, Value variance, double eps, int64_t axis) {
  return build("batch_norm", {x, weight, bias, mean, variance}, {{"eps", eps}, {"axis", front_axis(axis, x.rank())}});
}

void register_batch_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "batch_norm";
  op.doc = "(x - mean) / sqrt(variance + eps) * weight + bias, along an axis";
  op.min_operands = op.max_operands = 5;
  op.attrs = {{"eps", AttrKind::number, std::nullopt, false, "added to the variance"},
              {"axis", AttrKind::integer, Attr(int64_t{1}), false, "axis of the channels"}};
  op.numerics = Numerics::rounding;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    const TensorType& x = c.operand(0);
    const Dim& channels = x.shape[static_cast<size_t>(c.axis("axis", x.rank()))];
    require_affine(c, 1, channels);
    require_affine(c, 3, channels);
    return {{x.dtype, x.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    for (size_t i = 1; i < 5; ++i) require_extents(c.inputs[i], {x.shape()[axis]}, "a parameter of batch_norm");
    int64_t i = 0;
    for_each_index(x.shape(), [&](const std::vector<int64_t>& index) {
      int64_t k = index[axis];
      double scale = c.inputs[1].get(k) / std::sqrt(c.inputs[4].get(k) + c.attrs.number("eps"));
      c.outputs[0].set(i, (x.get(i) - c.inputs[3].get(k)) * scale + c.inputs[2].get(k));
      ++i;
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    DType dtype = operands[0].dtype();
    DType compute = compute_dtype(dtype);
    Value x = cast_to(operands[0], compute);
    int trailing = x.rank() - 1 - static_cast<int>(node.attrs.integer("axis"));
    auto along = [&](Value v) { return with_trailing_axes(v, trailing); };
    Value variance = add(cast_to(operands[4], compute), scalar_like(x, node.attrs.number("eps")));
    Value scale = mul(cast_to(operands[1], compute), rsqrt(variance));
    Value y = mul(sub(x, along(cast_to(operands[3], compute))), along(scale));
    return {cast_to(add(y, along(cast_to(operands[2], compute))), dtype)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
