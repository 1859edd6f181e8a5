#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Convolution (cross-correlation) over 1 to 3 spatial axes. Shapes: x [N,C,...] ("NHWC": [N,...,C]), weight
/// [O,C/groups,k...] in either layout, bias [O] (may be empty) -> [N,O,...], of the dtype of x, with spatial extents
/// floor((n + padding - dilation*(k-1) - 1) / stride) + 1. weight may be of a lower-precision float type than x.
// api: Value conv(Value x, Value weight, Value bias = {}, ConvOptions options = {});
Value conv(Value x, Value weight, Value bias, ConvOptions options) {
  size_t axes = x.rank() < 2 ? 0 : static_cast<size_t>(x.rank()) - 2;
  return build("conv", {x, weight, bias}, conv_attrs(options, axes));
}

void register_conv(OpRegistry& registry) {
  OpDef op;
  op.name = "conv";
  op.doc = "Convolution: x[N,C,...], weight[O,C/groups,k...], bias[O] -> [N,O,...]";
  op.min_operands = 2;
  op.max_operands = 3;
  op.attrs = window_attrs();
  op.attrs.push_back(
      {"groups", AttrKind::integer, Attr(int64_t{1}), false, "groups of channels that are convolved apart"});
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    return {conv_result(c.attrs, c.operand(0), c.operand(1), c.num_operands() == 3 ? &c.operand(2) : nullptr)};
  };
  op.reference = [](EvalContext& c) {
    conv_reference(c.attrs, c.inputs[0], c.inputs[1], c.inputs.size() == 3 ? &c.inputs[2] : nullptr, c.outputs[0],
                   [](double sum, int64_t) { return sum; });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
