#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with slices replaced, or combined as in scatter_elements: the last axis of indices (N of them, i64 or i32) selects
/// on the first N axes of x. Shapes: updates indices.shape[:-1] + x.shape[N:]. Source: ONNX ScatterND.
// api: Value scatter_nd(Value x, Value indices, Value updates, std::string reduction = "none");
Value scatter_nd(Value x, Value indices, Value updates, std::string reduction) {
  return build("scatter_nd", {x, indices, updates}, {{"reduction", std::move(reduction)}});
}

void register_scatter_nd(OpRegistry& registry) {
  OpDef op;
  op.name = "scatter_nd";
  op.doc = "x with the slices at tuples of indices replaced by, or combined with, updates";
  op.min_operands = op.max_operands = 3;
  op.attrs = {{"reduction", AttrKind::string, Attr(std::string("none")), false, "none, add, mul, max, min"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_scatter(c);
    require_rank(c, 1, 1, 8);
    const Shape& x = c.operand(0).shape;
    const Shape& indices = c.operand(1).shape;
    int64_t n = indices.back().as_constant("the last axis of indices");
    if (n < 1 || n > static_cast<int64_t>(x.size()))
      fail(ErrorCode::invalid_shape, "indices {} cannot select from {}", c.operand(1).to_string(),
           c.operand(0).to_string());
    Shape expected(indices.begin(), indices.end() - 1);
    expected.insert(expected.end(), x.begin() + n, x.end());
    const Shape& updates = c.operand(2).shape;
    if (updates.size() != expected.size())
      fail(ErrorCode::invalid_shape, "updates are {}; expected {}", to_string(updates), to_string(expected));
    for (size_t k = 0; k < expected.size(); ++k) unify(expected[k], updates[k], "extents of updates");
    return {{c.operand(0).dtype, x}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& indices = c.inputs[1];
    const Tensor& updates = c.inputs[2];
    auto n = static_cast<size_t>(indices.dim(-1));
    auto strides = strides_of(x.shape());
    std::vector<int64_t> tuples(indices.shape().begin(), indices.shape().end() - 1);
    auto expected = tuples;
    int64_t inner = 1;
    for (size_t k = n; k < x.shape().size(); ++k) {
      inner *= x.shape()[k];
      expected.push_back(x.shape()[k]);
    }
    require_extents(updates, expected, "updates");
    Scatter scatter(x, c.attrs.string("reduction"));
    int64_t i = 0;
    for_each_index(tuples, [&](const std::vector<int64_t>& index) {
      (void)index;
      int64_t to = 0;
      for (size_t k = 0; k < n; ++k) {
        int64_t given = indices.get_int(i * static_cast<int64_t>(n) + static_cast<int64_t>(k));
        to += checked_index(given, x.shape()[k]) * strides[k];
      }
      for (int64_t j = 0; j < inner; ++j) scatter.put(to + j, updates, i * inner + j);
      ++i;
    });
    scatter.store(c.outputs[0]);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
