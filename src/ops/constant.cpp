#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Small literal values, kept in the text of the graph.
// api: Value constant(Builder& builder, Tensor value);
Value constant(Builder& builder, Tensor value) {
  return builder.add(registry().get("constant"), {}, Attrs{{"value", std::move(value)}}).at(0);
}

void register_constant(OpRegistry& registry) {
  OpDef op;
  op.name = "constant";
  op.doc = "Literal values: () -> [shape of value]";
  op.attrs = {{"value", AttrKind::tensor, std::nullopt, false, "the values"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> { return {c.attrs.tensor("value").type()}; };
  op.reference = [](EvalContext& c) { c.outputs[0] = c.attrs.tensor("value"); };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
