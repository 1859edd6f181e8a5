#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"
#include "ops/unbacked.h"

namespace accelerate::ops {

/// How often each number 0, 1, ... stands in x: i64 [size]. Shapes: x [N] of i64 or i32, none negative. With weights
/// [N] (may be empty), the sum of the weights of its positions, of their dtype. size is a new unbacked dim, which
/// becomes max(largest of x + 1, min_length), or at least that. As torch.bincount.
// api: Value bincount(Value x, Value weights, Dim size, int64_t min_length = 0);
Value bincount(Value x, Value weights, Dim size, int64_t min_length) {
  return build("bincount", {x, weights}, {{"size", Shape{std::move(size)}}, {"min_length", min_length}});
}

void register_bincount(OpRegistry& registry) {
  OpDef op;
  op.name = "bincount";
  op.doc = "how often each number stands in x[N], or the sum of their weights[N]: [size]";
  op.min_operands = 1;
  op.max_operands = 2;
  op.attrs = {count_attr("size", "how many numbers are counted (one dim)"),
              {"min_length", AttrKind::integer, Attr(int64_t{0}), false, "least size where it depends on x"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_index, "i64 or i32");
    require_rank(c, 0, 1, 1);
    DType dtype = DType::i64;
    if (c.num_operands() == 2) {
      require_dtype(c, 1, is_float, "a float type");
      require_rank(c, 1, 1, 1);
      unify(c.operand(0).shape[0], c.operand(1).shape[0], "x and weights");
      dtype = c.operand(1).dtype;
    }
    if (c.attrs.integer("min_length") < 0)
      fail(ErrorCode::invalid_argument, "min_length is {}; expected 0 or more", c.attrs.integer("min_length"));
    return {{dtype, {count_of(c, "size")}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    constexpr int64_t kMost = int64_t{1} << 40;
    int64_t size = c.outputs[0].empty() ? c.attrs.integer("min_length") : c.outputs[0].dim(0);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      int64_t at = x.get_int(i);
      bool fits = c.outputs[0].empty() ? at < kMost : at < size;
      if (at < 0 || !fits)
        fail(ErrorCode::invalid_argument, "{} at position {} cannot be counted: expected 0 to {}", at, i,
             c.outputs[0].empty() ? kMost : size - 1);
      size = std::max(size, at + 1);
    }
    bool weighted = c.inputs.size() == 2;
    Tensor sums = Tensor::zeros(weighted ? DType::f64 : DType::i64, {size});
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      int64_t at = x.get_int(i);
      if (weighted) {
        sums.as<double>()[at] += c.inputs[1].get(i);
      } else {
        ++sums.as<int64_t>()[at];
      }
    }
    assign_result(c.outputs[0], weighted ? sums.cast(c.inputs[1].dtype()) : sums);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
