#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The value of a dim in this call, as a scalar of i64.
// api: Value dim_value(Builder& builder, Dim dim);
Value dim_value(Builder& builder, Dim dim) {
  return builder.add(registry().get("dim_value"), {}, {{"dim", Shape{std::move(dim)}}}).at(0);
}

void register_dim_value(OpRegistry& registry) {
  OpDef op;
  op.name = "dim_value";
  op.doc = "the value of a dim in this call: () -> i64[]";
  op.attrs = {{"dim", AttrKind::dims, std::nullopt, false, "the dim (one)"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    if (c.attrs.dims("dim").size() != 1)
      fail(ErrorCode::invalid_graph, "dim holds {} dims; expected one", c.attrs.dims("dim").size());
    return {{DType::i64, {}}};
  };
  op.reference = [](EvalContext& c) { c.outputs[0].set_int(0, c.extents("dim").at(0)); };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
