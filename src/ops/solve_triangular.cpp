#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// X with A X = B, for triangular A; what lies beyond the diagonal is not read. Shapes: a [...,N,N], b [...,N,K], whose
/// leading axes broadcast -> [...,N,K]. upper: A is above its diagonal, else below; unit_diagonal: it counts as ones.
/// A zero on the diagonal gives infinities or NaN. As torch.linalg.solve_triangular.
// api: Value solve_triangular(Value a, Value b, bool upper, bool unit_diagonal = false);
Value solve_triangular(Value a, Value b, bool upper, bool unit_diagonal) {
  return build("solve_triangular", {a, b}, {{"upper", upper}, {"unit_diagonal", unit_diagonal}});
}

void register_solve_triangular(OpRegistry& registry) {
  OpDef op;
  op.name = "solve_triangular";
  op.doc = "X with A X = B for triangular A[...,N,N], B[...,N,K]: [...,N,K]";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"upper", AttrKind::boolean, std::nullopt, false, "A is above its diagonal, not below"},
              {"unit_diagonal", AttrKind::boolean, Attr(false), false, "the diagonal counts as ones"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_same_dtype(c, 0, 1);
    require_rank(c, 0, 2, 8);
    require_rank(c, 1, 2, 8);
    const Shape& a = c.operand(0).shape;
    const Shape& b = c.operand(1).shape;
    unify(a[a.size() - 2], a.back(), "rows and columns of a");
    Dim n = unify(a.back(), b[b.size() - 2], "rows of a and b");
    Shape out = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
    out.push_back(n);
    out.push_back(b.back());
    return {{c.operand(0).dtype, std::move(out)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    bool upper = c.attrs.boolean("upper");
    bool unit = c.attrs.boolean("unit_diagonal");
    int64_t n = a.dim(-1);
    int64_t k = b.dim(-1);
    auto batch_of = [](const Tensor& t) { return std::vector<int64_t>(t.shape().begin(), t.shape().end() - 2); };
    auto batch = batch_of(c.outputs[0]);
    auto a_strides = broadcast_strides(batch_of(a), batch);
    auto b_strides = broadcast_strides(batch_of(b), batch);
    std::vector<double> x(static_cast<size_t>(n * k));
    int64_t matrix = 0;
    for_each_index(batch, [&](const std::vector<int64_t>& index) {
      int64_t from_a = offset_of(index, a_strides) * n * n;
      int64_t from_b = offset_of(index, b_strides) * n * k;
      for (int64_t step = 0; step < n; ++step) {
        int64_t i = upper ? n - 1 - step : step;
        for (int64_t j = 0; j < k; ++j) {
          double sum = b.get(from_b + i * k + j);
          for (int64_t p = upper ? i + 1 : 0; p < (upper ? n : i); ++p)
            sum -= a.get(from_a + i * n + p) * x[static_cast<size_t>(p * k + j)];
          x[static_cast<size_t>(i * k + j)] = unit ? sum : sum / a.get(from_a + i * n + i);
        }
      }
      for (int64_t i = 0; i < n * k; ++i) c.outputs[0].set(matrix * n * k + i, x[static_cast<size_t>(i)]);
      ++matrix;
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
