#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Mean of each window. Padded positions are zeros; count_include_pad says whether they count in the divisor, in which
/// positions beyond the padding (ceil_mode) never count.
/// Shapes: x [N,C,...] ("NHWC": [N,...,C]) -> the same with fewer spatial positions.
// api: Value avg_pool(Value x, PoolOptions options);
Value avg_pool(Value x, PoolOptions options) {
  Attrs attrs = pool_attrs(options);
  attrs.set("count_include_pad", options.count_include_pad);
  return build("avg_pool", {x}, std::move(attrs));
}

void register_avg_pool(OpRegistry& registry) {
  OpDef op;
  op.name = "avg_pool";
  op.doc = "Mean of each window: x[N,C,...] -> [N,C,...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = pool_attr_specs();
  op.attrs.push_back(
      {"count_include_pad", AttrKind::boolean, Attr(true), false, "padded positions count in the divisor"});
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    return {pool_result(c.attrs, c.operand(0))};
  };
  op.reference = [](EvalContext& c) {
    bool with_padding = c.attrs.boolean("count_include_pad");
    pool_reference(c, [&](const std::vector<int64_t>& inside, int64_t size) {
      double sum = 0;
      for (int64_t at : inside) sum += c.inputs[0].get(at);
      auto count = with_padding ? size : static_cast<int64_t>(inside.size());
      return count == 0 ? 0.0 : sum / static_cast<double>(count);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
