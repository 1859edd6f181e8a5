#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x [...,M,N] below and on a diagonal (column = row + diagonal), and 0 elsewhere.
// api: Value tril(Value x, int64_t diagonal = 0);
Value tril(Value x, int64_t diagonal) {
  return build("tril", {x}, {{"diagonal", diagonal}});
}

void register_tril(OpRegistry& registry) {
  OpDef op;
  op.name = "tril";
  op.doc = "x[...,M,N] where column <= row + diagonal, 0 elsewhere";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"diagonal", AttrKind::integer, Attr(int64_t{0}), false, "offset of the diagonal"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_rank(c, 0, 2, 8);
    return {{c.operand(0).dtype, c.operand(0).shape}};
  };
  op.reference = [](EvalContext& c) {
    auto diagonal = static_cast<double>(c.attrs.integer("diagonal"));
    int64_t at = 0;
    for_each_index(c.outputs[0].shape(), [&](const std::vector<int64_t>& index) {
      auto i = static_cast<double>(index[index.size() - 2]);
      auto j = static_cast<double>(index.back());
      if (j <= i + diagonal) {
        copy_element(c.inputs[0], at, c.outputs[0], at);
      } else {
        c.outputs[0].set(at, 0.0);
      }
      ++at;
    });
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    Value diagonal = constant(builder, Tensor::from<int64_t>(DType::i64, {}, {node.attrs.integer("diagonal")}));
    Value limit = add(unsqueeze(iota(builder, DType::i64, x.dim(-2)), 1), diagonal);
    return {where(greater_equal(limit, iota(builder, DType::i64, x.dim(-1))), x, scalar_like(x, 0))};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
