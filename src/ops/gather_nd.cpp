#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Slices of x by tuples of indices, which are the last axis of indices (N of them, i64 or i32; negative counts from
/// the back) and select on the N axes behind the first batch_dims, which x and indices share.
/// Result: indices.shape[:-1] + x.shape[batch_dims + N:]. Source: ONNX GatherND.
// api: Value gather_nd(Value x, Value indices, int64_t batch_dims = 0);
Value gather_nd(Value x, Value indices, int64_t batch_dims) {
  return build("gather_nd", {x, indices}, {{"batch_dims", batch_dims}});
}

void register_gather_nd(OpRegistry& registry) {
  OpDef op;
  op.name = "gather_nd";
  op.doc = "Slices of x by tuples of indices: indices.shape[:-1] + x.shape[batch_dims+N:]";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"batch_dims", AttrKind::integer, Attr(int64_t{0}), false, "leading axes shared by x and indices"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_dtype(c, 1, is_index, "i64 or i32");
    require_rank(c, 1, 1, 8);
    const Shape& x = c.operand(0).shape;
    const Shape& indices = c.operand(1).shape;
    int64_t batch = c.attrs.integer("batch_dims");
    int64_t n = indices.back().as_constant("the last axis of indices");
    if (n < 1 || batch < 0 || batch >= static_cast<int64_t>(indices.size()) || n > static_cast<int64_t>(x.size()) ||
        batch + n > static_cast<int64_t>(x.size()))
      fail(ErrorCode::invalid_shape, "indices {} with {} batch axes cannot select from {}", c.operand(1).to_string(),
           batch, c.operand(0).to_string());
    Shape out(indices.begin(), indices.end() - 1);
    for (int64_t k = 0; k < batch; ++k) {
      auto i = static_cast<size_t>(k);
      out[i] = unify(x[i], indices[i], "batch axes of x and indices");
    }
    out.insert(out.end(), x.begin() + batch + n, x.end());
    return {{c.operand(0).dtype, std::move(out)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& indices = c.inputs[1];
    auto batch = static_cast<size_t>(c.attrs.integer("batch_dims"));
    auto n = static_cast<size_t>(indices.dim(-1));
    auto strides = strides_of(x.shape());
    int64_t inner = 1;
    for (size_t k = batch + n; k < x.shape().size(); ++k) inner *= x.shape()[k];
    std::vector<int64_t> tuples(indices.shape().begin(), indices.shape().end() - 1);
    int64_t i = 0;
    for_each_index(tuples, [&](const std::vector<int64_t>& index) {
      int64_t from = 0;
      for (size_t k = 0; k < batch; ++k) from += checked_index(index[k], x.shape()[k]) * strides[k];
      for (size_t k = 0; k < n; ++k) {
        int64_t given = indices.get_int(i * static_cast<int64_t>(n) + static_cast<int64_t>(k));
        from += checked_index(given, x.shape()[batch + k]) * strides[batch + k];
      }
      for (int64_t j = 0; j < inner; ++j) copy_element(x, from + j, c.outputs[0], i * inner + j);
      ++i;
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
