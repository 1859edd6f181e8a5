#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Where each of `values` would be put into the increasing numbers of `sorted` to keep them in order: before equal
/// ones, or behind them (right). Shapes: sorted [N] and values of any shape, or sorted [...,N] and values [...,M] ->
/// i64 of the shape of values, in [0, N]. NaN is the largest. As torch.searchsorted and torch.bucketize.
// api: Value search_sorted(Value sorted, Value values, bool right = false);
Value search_sorted(Value sorted, Value values, bool right) {
  return build("search_sorted", {sorted, values}, {{"right", right}});
}

void register_search_sorted(OpRegistry& registry) {
  OpDef op;
  op.name = "search_sorted";
  op.doc = "where values belong in sorted numbers: i64 of the shape of values";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"right", AttrKind::boolean, Attr(false), false, "behind equal numbers"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_number, "a float or integer type");
    require_same_dtype(c, 0, 1);
    const Shape& sorted = c.operand(0).shape;
    const Shape& values = c.operand(1).shape;
    if (sorted.size() != 1) {
      if (sorted.empty() || sorted.size() != values.size())
        fail(ErrorCode::invalid_shape, "sorted is {} for values {}; expected one line, or the same leading axes",
             c.operand(0).to_string(), c.operand(1).to_string());
      for (size_t i = 0; i + 1 < sorted.size(); ++i) unify(sorted[i], values[i], "leading axes of sorted and values");
    }
    return {{DType::i64, values}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& sorted = c.inputs[0];
    const Tensor& values = c.inputs[1];
    bool right = c.attrs.boolean("right");
    int64_t n = sorted.dim(-1);
    int64_t total = values.num_elements();
    int64_t per_line = sorted.rank() == 1 ? total : values.dim(-1);
    auto before = [&](const Tensor& a, int64_t i, const Tensor& b, int64_t j) {
      if (!is_float(a.dtype())) return a.get_int(i) < b.get_int(j);
      double x = a.get(i);
      double y = b.get(j);
      return x < y || (std::isnan(y) && !std::isnan(x));
    };
    for (int64_t i = 0; i < total; ++i) {
      int64_t line = i / per_line * n;
      int64_t low = 0;
      int64_t high = n;
      while (low < high) {
        int64_t middle = low + (high - low) / 2;
        bool go_right = right ? !before(values, i, sorted, line + middle) : before(sorted, line + middle, values, i);
        (go_right ? low : high) = go_right ? middle + 1 : middle;
      }
      c.outputs[0].set_int(i, low);
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
