#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// A region of elementwise ops (and constants) over the operands, which are its inputs; the results are its outputs.
// api: std::vector<Value> fused_elementwise(std::vector<Value> operands, std::shared_ptr<const Graph> region);
std::vector<Value> fused_elementwise(std::vector<Value> operands, std::shared_ptr<const Graph> region) {
  if (operands.empty() || !operands[0]) fail(ErrorCode::invalid_argument, "fused_elementwise was given no operand");
  return operands[0].builder->add(registry().get("fused_elementwise"), operands, {}, {std::move(region)});
}

void register_fused_elementwise(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_elementwise";
  op.doc = "A region of elementwise ops over the broadcast operands";
  op.min_operands = 1;
  op.max_operands = -1;
  op.num_regions = 1;
  op.is_elementwise = true;
  op.numerics = Numerics::rounding;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    const Graph& region = require_region(c, 0, c.operands());
    for (const Node& node : region.nodes()) {
      if (!node.op->is_elementwise && node.op->name != "constant")
        fail(ErrorCode::invalid_graph, "the region holds the op {}; expected elementwise ops only", node.op->name);
    }
    return output_types(region);
  };
  op.reference = [](EvalContext& c) {
    auto results = c.run_region(0, c.inputs);
    for (size_t i = 0; i < results.size(); ++i) c.outputs[i] = results[i];
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    return inline_region(builder, *node.regions.at(0), operands);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
