#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with the order of positions reversed along the axes.
// api: Value flip(Value x, std::vector<int64_t> axes);
Value flip(Value x, std::vector<int64_t> axes) {
  return build("flip", {x}, {{"axes", front_axes(std::move(axes), x.rank())}});
}

void register_flip(OpRegistry& registry) {
  OpDef op;
  op.name = "flip";
  op.doc = "x with the order of positions reversed along the axes";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"axes", AttrKind::integers, std::nullopt, false, "the axes"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    front_axes(c.attrs.integers("axes"), c.operand(0).rank());
    return {{c.operand(0).dtype, c.operand(0).shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto strides = strides_of(x.shape());
    int64_t base = 0;
    for (int64_t axis : front_axes(c.attrs.integers("axes"), x.rank())) {
      auto a = static_cast<size_t>(axis);
      base += (x.shape()[a] - 1) * strides[a];
      strides[a] = -strides[a];
    }
    int64_t i = 0;
    for_each_index(x.shape(), [&](const std::vector<int64_t>& index) {
      copy_element(x, base + offset_of(index, strides), c.outputs[0], i++);
    });
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    for (int64_t axis : node.attrs.integers("axes")) {
      const Dim n = x.dim(static_cast<int>(axis));
      x = gather(x, sub(extent_value(builder, n - 1), iota(builder, DType::i64, n)), axis);
    }
    return {x};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
