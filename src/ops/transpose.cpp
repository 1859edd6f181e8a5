#include <numeric>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Axis i of the result is axis permutation[i] of x. Errors: invalid_shape unless it names each axis once.
// api: Value transpose(Value x, std::vector<int64_t> permutation);
Value transpose(Value x, std::vector<int64_t> permutation) {
  return build("transpose", {x}, {{"permutation", front_axes(std::move(permutation), x.rank())}});
}

void register_transpose(OpRegistry& registry) {
  OpDef op;
  op.name = "transpose";
  op.doc = "Axis i of the result is axis permutation[i] of x";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"permutation", AttrKind::integers, std::nullopt, false, "axis of x for each axis of the result"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    const TensorType& x = c.operand(0);
    auto permutation = front_axes(c.attrs.integers("permutation"), x.rank());
    if (permutation.size() != x.shape.size())
      fail(ErrorCode::invalid_shape, "permutation {} has {} axes; {} has {}", to_string(permutation),
           permutation.size(), x.to_string(), x.rank());
    TensorType out(x.dtype, {});
    for (int64_t axis : permutation) out.shape.push_back(x.shape[static_cast<size_t>(axis)]);
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto permutation = front_axes(c.attrs.integers("permutation"), x.rank());
    auto strides = strides_of(x.shape());
    std::vector<int64_t> permuted;
    for (int64_t axis : permutation) permuted.push_back(strides[static_cast<size_t>(axis)]);
    int64_t i = 0;
    for_each_index(c.outputs[0].shape(), [&](const std::vector<int64_t>& index) {
      copy_element(x, offset_of(index, permuted), c.outputs[0], i++);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
