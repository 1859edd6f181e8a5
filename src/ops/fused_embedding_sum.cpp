#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Sum of embeddings: tables[0][indices[0]] + tables[1][indices[1]] + ..., the indices broadcast.
/// Shapes: tables[i] [Vi,C] of one float dtype, indices[i] of i64 or i32 -> [broadcast of the indices..., C].
// api: Value fused_embedding_sum(std::vector<Value> tables, std::vector<Value> indices);
Value fused_embedding_sum(std::vector<Value> tables, std::vector<Value> indices) {
  if (tables.size() != indices.size() || tables.empty())
    fail(ErrorCode::invalid_argument, "{} tables and {} indices; expected one index for each table", tables.size(), indices.size());
  std::vector<Value> operands;
  for (size_t i = 0; i < tables.size(); ++i) {
    operands.push_back(tables[i]);
    operands.push_back(indices[i]);
  }
  return build_multi("fused_embedding_sum", operands, {}).at(0);
}

void register_fused_embedding_sum(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_embedding_sum";
  op.doc = "Sum of embeddings: table_1[V1,C], indices_1[...], table_2[V2,C], indices_2[...], ... -> [...,C]";
  op.min_operands = 2;
  op.max_operands = -1;
  op.numerics = Numerics::rounding;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    if (c.num_operands() % 2 != 0) fail(ErrorCode::invalid_graph, "{} operands; expected pairs of table and indices", c.num_operands());
    Shape shape = c.operand(1).shape;
    for (size_t i = 0; i < c.num_operands(); i += 2) {
      require_dtype(c, i, is_float, "a float type");
      require_same_dtype(c, 0, i);
      require_rank(c, i, 2, 2);
      require_dtype(c, i + 1, is_index, "i64 or i32");
      if (c.operand(i).shape[1] != c.operand(0).shape[1])
        fail(ErrorCode::invalid_shape, "tables {} and {} are of different width", c.operand(0).to_string(), c.operand(i).to_string());
      shape = broadcast(shape, c.operand(i + 1).shape);
    }
    shape.push_back(c.operand(0).shape[1]);
    return {{c.operand(0).dtype, std::move(shape)}};
  };
  op.reference = [](EvalContext& c) {
    Tensor& out = c.outputs[0];
    int64_t width = out.dim(-1);
    std::vector<int64_t> positions(out.shape().begin(), out.shape().end() - 1);
    std::vector<std::vector<int64_t>> strides;
    for (size_t i = 1; i < c.inputs.size(); i += 2) strides.push_back(broadcast_strides(c.inputs[i].shape(), positions));
    int64_t at = 0;
    for_each_index(positions, [&](const std::vector<int64_t>& index) {
      std::vector<double> sum(static_cast<size_t>(width), 0.0);
      for (size_t i = 0; i < strides.size(); ++i) {
        const Tensor& table = c.inputs[2 * i];
        int64_t row = c.inputs[2 * i + 1].get_int(offset_of(index, strides[i]));
        if (row < 0) fail(ErrorCode::invalid_argument, "index {} into a table of {} rows", row, table.dim(0));
        row = checked_index(row, table.dim(0));
        for (int64_t k = 0; k < width; ++k) sum[static_cast<size_t>(k)] += table.get(row * width + k);
      }
      for (double value : sum) out.set(at++, value);
    });
  };
  op.expand = [](Builder&, const Node&, std::span<const Value> operands) -> std::vector<Value> {
    Value sum = embedding(operands[0], operands[1]);
    for (size_t i = 2; i < operands.size(); i += 2) sum = add(sum, embedding(operands[i], operands[i + 1]));
    return {sum};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
