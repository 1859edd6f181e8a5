#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Consecutive parts of x along an axis, of the given extents, whose sum is the axis' extent.
// api: std::vector<Value> split(Value x, std::vector<Dim> sizes, int64_t axis);
std::vector<Value> split(Value x, std::vector<Dim> sizes, int64_t axis) {
  std::vector<Value> operands = {x};
  return build_multi("split", operands, {{"axis", front_axis(axis, x.rank())}, {"sizes", std::move(sizes)}});
}

void register_split(OpRegistry& registry) {
  OpDef op;
  op.name = "split";
  op.doc = "Consecutive parts of x along an axis, one result for each size";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"},
              {"sizes", AttrKind::dims, std::nullopt, false, "extent of each part"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    const TensorType& x = c.operand(0);
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    const Shape& sizes = c.attrs.dims("sizes");
    if (sizes.empty()) fail(ErrorCode::invalid_argument, "split into no parts; expected at least one size");
    std::vector<TensorType> out;
    Dim sum = 0;
    for (const Dim& size : sizes) {
      if (size.constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "a part has the negative extent {}", size.to_string());
      sum = sum + size;
      out.emplace_back(x.dtype, x.shape);
      out.back().shape[axis] = size;
    }
    unify(sum, x.shape[axis], "sum of the sizes and extent of the axis");
    return out;
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    auto strides = strides_of(x.shape());
    int64_t sum = 0;
    for (const Tensor& part : c.outputs) sum += part.shape()[axis];
    if (sum != x.shape()[axis])
      fail(ErrorCode::invalid_shape, "the sizes of split add up to {}; the axis has {}", sum, x.shape()[axis]);
    int64_t base = 0;
    for (Tensor& part : c.outputs) {
      int64_t i = 0;
      for_each_index(part.shape(), [&](const std::vector<int64_t>& index) {
        copy_element(x, base + offset_of(index, strides), part, i++);
      });
      base += part.shape()[axis] * strides[axis];
    }
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    std::vector<Value> out;
    Dim start = 0;
    for (const Dim& size : node.attrs.dims("sizes")) {
      out.push_back(slice(operands[0], node.attrs.integer("axis"), start, start + size));
      start = start + size;
    }
    return out;
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
