#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Each group of rows of x times the matrix of its group. Shapes: x [M,K], weights [G,K,N] ([G,N,K] if transposed),
/// ends [G] of i32 or i64: group g is the rows ends[g-1] (0 for the first) up to ends[g] -> [M,N] of the dtype of x.
/// Rows behind the last group are 0. weights may be of a lower-precision float type than x. Errors: invalid_argument
/// unless 0 <= ends[0] <= ... <= M.
// api: Value grouped_matmul(Value x, Value weights, Value ends, bool transposed = false);
Value grouped_matmul(Value x, Value weights, Value ends, bool transposed) {
  return build("grouped_matmul", {x, weights, ends}, {{"transposed", transposed}});
}

void register_grouped_matmul(OpRegistry& registry) {
  OpDef op;
  op.name = "grouped_matmul";
  op.doc = "each group of rows of x[M,K] times its matrix of weights[G,K,N]: [M,N]";
  op.min_operands = op.max_operands = 3;
  op.attrs = {{"transposed", AttrKind::boolean, Attr(false), false, "weights are [G,N,K]"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_dtype(c, 1, is_float, "a float type");
    require_dtype(c, 2, is_index, "i64 or i32");
    require_rank(c, 0, 2, 2);
    require_rank(c, 1, 3, 3);
    require_rank(c, 2, 1, 1);
    const Shape& x = c.operand(0).shape;
    const Shape& weights = c.operand(1).shape;
    bool transposed = c.attrs.boolean("transposed");
    unify(x[1], weights[transposed ? 2 : 1], "features of x and weights");
    unify(weights[0], c.operand(2).shape[0], "groups of weights and ends");
    return {{c.operand(0).dtype, {x[0], weights[transposed ? 1 : 2]}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& weights = c.inputs[1];
    bool transposed = c.attrs.boolean("transposed");
    int64_t k = x.dim(1);
    int64_t n = c.outputs[0].dim(1);
    require_extents(
        weights,
        transposed ? std::vector<int64_t>{c.inputs[2].dim(0), n, k} : std::vector<int64_t>{c.inputs[2].dim(0), k, n},
        "weights");
    int64_t row = 0;
    auto fill = [&](int64_t end, int64_t group) {
      for (; row < end; ++row) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = 0;
          for (int64_t p = 0; group >= 0 && p < k; ++p)
            sum += x.get(row * k + p) * weights.get(group * k * n + (transposed ? j * k + p : p * n + j));
          c.outputs[0].set(row * n + j, sum);
        }
      }
    };
    for (int64_t g = 0; g < c.inputs[2].dim(0); ++g) {
      int64_t end = c.inputs[2].get_int(g);
      if (end < row || end > x.dim(0))
        fail(ErrorCode::invalid_argument, "group {} ends at row {}; expected {} to {}", g, end, row, x.dim(0));
      fill(end, g);
    }
    fill(x.dim(0), -1);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
