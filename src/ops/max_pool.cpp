#include <limits>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Greatest element of each window; padding does not count, and NaN wins.
/// Shapes: x [N,C,...] ("NHWC": [N,...,C]) -> the same with fewer spatial positions. count_include_pad is not used.
// api: Value max_pool(Value x, PoolOptions options);
Value max_pool(Value x, PoolOptions options) {
  return build("max_pool", {x}, pool_attrs(options));
}

void register_max_pool(OpRegistry& registry) {
  OpDef op;
  op.name = "max_pool";
  op.doc = "Greatest element of each window: x[N,C,...] -> [N,C,...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = pool_attr_specs();
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    return {pool_result(c.attrs, c.operand(0))};
  };
  op.reference = [](EvalContext& c) {
    pool_reference(c, [&](const std::vector<int64_t>& inside, int64_t) {
      double top = -std::numeric_limits<double>::infinity();
      for (int64_t at : inside) {
        double value = c.inputs[0].get(at);
        if (value > top || std::isnan(value)) top = value;
      }
      return top;
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
