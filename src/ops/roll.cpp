#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x moved by shifts[i] positions along axes[i]; what leaves at one end enters at the other.
// api: Value roll(Value x, std::vector<int64_t> shifts, std::vector<int64_t> axes);
Value roll(Value x, std::vector<int64_t> shifts, std::vector<int64_t> axes) {
  return build("roll", {x}, {{"shifts", std::move(shifts)}, {"axes", front_axes(std::move(axes), x.rank())}});
}

void register_roll(OpRegistry& registry) {
  OpDef op;
  op.name = "roll";
  op.doc = "x moved by shifts[i] positions along axes[i], circularly";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"shifts", AttrKind::integers, std::nullopt, false, "positions, towards the back"},
              {"axes", AttrKind::integers, std::nullopt, false, "the axes"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    front_axes(c.attrs.integers("axes"), c.operand(0).rank());
    if (c.attrs.integers("axes").size() != c.attrs.integers("shifts").size())
      fail(ErrorCode::invalid_argument, "{} shifts for {} axes", c.attrs.integers("shifts").size(),
           c.attrs.integers("axes").size());
    for (int64_t shift : c.attrs.integers("shifts")) {
      if (shift <= -(int64_t{1} << 62) || shift >= (int64_t{1} << 62))
        fail(ErrorCode::invalid_argument, "a shift of {} is out of range", shift);
    }
    return {{c.operand(0).dtype, c.operand(0).shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto strides = strides_of(x.shape());
    auto axes = front_axes(c.attrs.integers("axes"), x.rank());
    std::vector<int64_t> shifts(x.shape().size(), 0);
    for (size_t k = 0; k < axes.size(); ++k) shifts[static_cast<size_t>(axes[k])] = c.attrs.integers("shifts")[k];
    int64_t i = 0;
    for_each_index(x.shape(), [&](const std::vector<int64_t>& index) {
      int64_t from = 0;
      for (size_t k = 0; k < index.size(); ++k) {
        int64_t n = x.shape()[k];
        from += ((index[k] - shifts[k]) % n + n) % n * strides[k];
      }
      copy_element(x, from, c.outputs[0], i++);
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    const auto& axes = node.attrs.integers("axes");
    for (size_t k = 0; k < axes.size(); ++k) {
      const Dim n = x.dim(static_cast<int>(axes[k]));
      Dim start = mod(Dim(-node.attrs.integers("shifts")[k]), max(n, 1));
      if (start == Dim(0)) continue;
      x = concat({slice(x, axes[k], start, n), slice(x, axes[k], 0, start)}, axes[k]);
    }
    return {x};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
