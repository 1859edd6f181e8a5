#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Rows of a table. Shapes: table [V,C], indices [...] of i64 or i32 in [0, V) -> [...,C] of the table's dtype.
// api: Value embedding(Value table, Value indices);
Value embedding(Value table, Value indices) {
  return build("embedding", {table, indices});
}

void register_embedding(OpRegistry& registry) {
  OpDef op;
  op.name = "embedding";
  op.doc = "Rows of a table: table[V,C], indices[...] -> [...,C]";
  op.min_operands = op.max_operands = 2;
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_rank(c, 0, 2, 2);
    require_dtype(c, 1, is_index, "i64 or i32");
    TensorType out(c.operand(0).dtype, c.operand(1).shape);
    out.shape.push_back(c.operand(0).shape[1]);
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& table = c.inputs[0];
    int64_t width = table.dim(1);
    for (int64_t i = 0, n = c.inputs[1].num_elements(); i < n; ++i) {
      int64_t row = c.inputs[1].get_int(i);
      if (row < 0) fail(ErrorCode::invalid_argument, "index {} into a table of {} rows", row, table.dim(0));
      row = checked_index(row, table.dim(0));
      for (int64_t k = 0; k < width; ++k) copy_element(table, row * width + k, c.outputs[0], i * width + k);
    }
  };
  op.expand = [](Builder&, const Node&, std::span<const Value> operands) -> std::vector<Value> {
    return {gather(operands[0], operands[1], 0)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
