#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x times the transpose of weight, plus bias. Shapes: x [...,K], weight [N,K], bias [N] (may be empty) -> [...,N].
/// weight may be of a lower-precision float type than x: products and sums are those of the converted values.
// api: Value linear(Value x, Value weight, Value bias = {});
Value linear(Value x, Value weight, Value bias) { return build("linear", {x, weight, bias}); }

void register_linear(OpRegistry& registry) {
  OpDef op;
  op.name = "linear";
  op.doc = "x[...,K] * weight[N,K]^T + bias[N] -> [...,N]";
  op.min_operands = 2;
  op.max_operands = 3;
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_dtype(c, 1, is_float, "a float type");
    require_rank(c, 0, 1, 8);
    require_rank(c, 1, 2, 2);
    const TensorType& x = c.operand(0);
    const TensorType& w = c.operand(1);
    if (x.shape.back() != w.shape[1] && x.shape.back().is_constant())
      fail(ErrorCode::invalid_shape, "x has {} features; weight {} takes {}", x.shape.back().to_string(), w.to_string(), w.shape[1].to_string());
    if (c.num_operands() == 3 && (c.operand(2).rank() != 1 || c.operand(2).shape[0] != w.shape[0]))
      fail(ErrorCode::invalid_shape, "bias is {}; expected [{}]", c.operand(2).to_string(), w.shape[0].to_string());
    TensorType out = x;
    out.shape.back() = w.shape[0];
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& w = c.inputs[1];
    int64_t n = w.dim(0);
    int64_t k = w.dim(1);
    int64_t rows = k == 0 ? c.outputs[0].num_elements() / std::max<int64_t>(n, 1) : x.num_elements() / k;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = c.inputs.size() == 3 ? c.inputs[2].get(j) : 0.0;
        for (int64_t p = 0; p < k; ++p) sum += x.get(i * k + p) * w.get(j * k + p);
        c.outputs[0].set(i * n + j, sum);
      }
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
