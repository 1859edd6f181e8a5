#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Normalisation of each channel of each item over the spatial axes, then the affine map of the channel.
/// Shapes: x [N,C,...] ("NHWC": [N,...,C]), weight [C] and bias [C] (bias, or both, may be empty) -> as x; f16 and bf16
/// compute in f32. Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
// api: Value instance_norm(Value x, Value weight, Value bias, double eps, std::string layout = "NCHW");
Value instance_norm(Value x, Value weight, Value bias, double eps, std::string layout) {
  if (bias && !weight) fail(ErrorCode::invalid_argument, "instance_norm was given a bias without a weight");
  return build("instance_norm", {x, weight, bias}, {{"eps", eps}, {"layout", std::move(layout)}});
}

void register_instance_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "instance_norm";
  op.doc = "Normalisation of each channel over the spatial axes, then * weight + bias";
  op.min_operands = 1;
  op.max_operands = 3;
  op.attrs = {{"eps", AttrKind::number, std::nullopt, false, "added to the variance"},
              {"layout", AttrKind::string, Attr(std::string("NCHW")), false, "NCHW or NHWC"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_rank(c, 0, 3, 8);
    const TensorType& x = c.operand(0);
    const Dim& channels = x.shape[static_cast<size_t>(channel_axis(c.attrs.string("layout"), x.rank()))];
    channels.as_constant("the number of channels");
    require_affine(c, 1, channels);
    return {{x.dtype, x.shape}};
  };
  op.reference = [](EvalContext& c) {
    group_norm_reference(c,
                         c.inputs[0].dim(static_cast<int>(channel_axis(c.attrs.string("layout"), c.inputs[0].rank()))));
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    const std::string& layout = node.attrs.string("layout");
    int64_t channels = operands[0]
                           .dim(static_cast<int>(channel_axis(layout, operands[0].rank())))
                           .as_constant("the number of channels");
    Value weight = operands.size() > 1 ? operands[1] : Value();
    Value bias = operands.size() > 2 ? operands[2] : Value();
    return {group_norm(operands[0], weight, bias, channels, node.attrs.number("eps"), layout)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
