#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Matrix product over the last two axes, the others broadcast. Shapes: a [...,M,K], b [...,K,N] -> [...,M,N].
/// A vector a [K] is a row, a vector b [K] a column, and its axis is left out of the result.
// api: Value matmul(Value a, Value b);
Value matmul(Value a, Value b) {
  bool row = a.rank() == 1;
  bool column = b.rank() == 1;
  if (row) a = unsqueeze(a, 0);
  if (column) b = unsqueeze(b, 1);
  Value out = build("matmul", {a, b});
  if (column) out = squeeze(out, -1);
  if (row) out = squeeze(out, column ? -1 : -2);
  return out;
}

void register_matmul(OpRegistry& registry) {
  OpDef op;
  op.name = "matmul";
  op.doc = "Matrix product, leading axes broadcast: a[...,M,K] * b[...,K,N] -> [...,M,N]";
  op.min_operands = op.max_operands = 2;
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_number, "a float or integer type");
    require_same_dtype(c, 0, 1);
    require_rank(c, 0, 2, 8);
    require_rank(c, 1, 2, 8);
    const Shape& a = c.operand(0).shape;
    const Shape& b = c.operand(1).shape;
    unify(a.back(), b[b.size() - 2], "columns of a and rows of b");
    Shape out = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
    out.push_back(a[a.size() - 2]);
    out.push_back(b.back());
    return {{c.operand(0).dtype, std::move(out)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    Tensor& out = c.outputs[0];
    int64_t m = out.dim(-2);
    int64_t n = out.dim(-1);
    int64_t k = a.dim(-1);
    if (b.dim(-2) != k)
      fail(ErrorCode::invalid_shape, "matmul of {} by {}: {} columns against {} rows", to_string(a.shape()),
           to_string(b.shape()), k, b.dim(-2));
    std::vector<int64_t> batch(out.shape().begin(), out.shape().end() - 2);
    auto sa = broadcast_strides({a.shape().begin(), a.shape().end() - 2}, batch);
    auto sb = broadcast_strides({b.shape().begin(), b.shape().end() - 2}, batch);
    bool integers = is_integer(out.dtype());
    int64_t at = 0;
    for_each_index(batch, [&](const std::vector<int64_t>& index) {
      int64_t from_a = offset_of(index, sa) * m * k;
      int64_t from_b = offset_of(index, sb) * k * n;
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double sum = 0;
          uint64_t wrapped = 0;
          for (int64_t p = 0; p < k; ++p) {
            int64_t x = from_a + i * k + p;
            int64_t y = from_b + p * n + j;
            if (integers) {
              wrapped += static_cast<uint64_t>(a.get_int(x)) * static_cast<uint64_t>(b.get_int(y));
            } else {
              sum += a.get(x) * b.get(y);
            }
          }
          if (integers) {
            out.set_int(at++, static_cast<int64_t>(wrapped));
          } else {
            out.set(at++, sum);
          }
        }
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
