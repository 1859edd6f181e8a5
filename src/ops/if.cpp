#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The outputs of one of two regions, which get the operands as their inputs and give results of the same types.
/// condition is a bool scalar; only the chosen region runs.
// api: std::vector<Value> if_(Value condition, std::shared_ptr<const Graph> then_region, std::shared_ptr<const Graph> else_region, std::vector<Value> operands = {});
std::vector<Value> if_(Value condition, std::shared_ptr<const Graph> then_region,
                       std::shared_ptr<const Graph> else_region, std::vector<Value> operands) {
  if (!condition) fail(ErrorCode::invalid_argument, "if_ was given no condition");
  operands.insert(operands.begin(), condition);
  return condition.builder->add(registry().get("if"), operands, {}, {std::move(then_region), std::move(else_region)});
}

void register_if(OpRegistry& registry) {
  OpDef op;
  op.name = "if";
  op.doc = "(condition, operands...) -> outputs of region 0 if the condition holds, else of region 1";
  op.min_operands = 1;
  op.max_operands = -1;
  op.num_regions = 2;
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_bool_scalar(c.operand(0), "condition");
    std::vector<TensorType> rest(c.operands().begin() + 1, c.operands().end());
    auto types = output_types(require_region(c, 0, rest));
    auto other = output_types(require_region(c, 1, rest));
    if (types.size() != other.size())
      fail(ErrorCode::invalid_graph, "the regions give {} and {} results; expected as many", types.size(),
           other.size());
    for (size_t i = 0; i < types.size(); ++i)
      require_same_type(other[i], types[i], fmt::format("result {} of the second region", i));
    return types;
  };
  op.reference = [](EvalContext& c) {
    auto results = c.run_region(c.inputs[0].get_int(0) != 0 ? 0 : 1, c.inputs.subspan(1));
    for (size_t i = 0; i < results.size(); ++i) c.outputs[i] = results[i];
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
