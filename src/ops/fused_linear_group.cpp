#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Several linear maps of one x, each followed by the activation: result i is act(x weights[i]^T + biases[i]).
/// Shapes: x [...,K], weights[i] [Ni,K], biases[i] [Ni] (biases: none, or one for each weight) -> [...,Ni] each.
// api: std::vector<Value> fused_linear_group(Value x, std::vector<Value> weights, std::vector<Value> biases = {}, std::string activation = "none");
std::vector<Value> fused_linear_group(Value x, std::vector<Value> weights, std::vector<Value> biases,
                                      std::string activation) {
  if (!biases.empty() && biases.size() != weights.size())
    fail(ErrorCode::invalid_argument, "{} biases for {} weights; expected none or one for each", biases.size(),
         weights.size());
  std::vector<Value> operands = {x};
  for (size_t i = 0; i < weights.size(); ++i) {
    operands.push_back(weights[i]);
    if (!biases.empty()) operands.push_back(biases[i]);
  }
  return build_multi("fused_linear_group", operands,
                     {{"count", static_cast<int64_t>(weights.size())},
                      {"has_bias", !biases.empty()},
                      {"activation", std::move(activation)}});
}

void register_fused_linear_group(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_linear_group";
  op.doc = "Result i is act(x weight_i^T + bias_i): x[...,K], weight_1[N1,K], bias_1[N1], weight_2, ...";
  op.min_operands = 2;
  op.max_operands = -1;
  op.attrs = {{"count", AttrKind::integer, std::nullopt, false, "number of weights, and of results"},
              {"has_bias", AttrKind::boolean, std::nullopt, false, "a bias follows each weight"},
              {"activation", AttrKind::string, Attr(std::string("none")), false, "name of the activation, or none"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    size_t step = c.attrs.boolean("has_bias") ? 2 : 1;
    int64_t count = c.attrs.integer("count");
    require_activation(c.attrs.string("activation"));
    if (count < 1 || count > static_cast<int64_t>(c.num_operands()))
      fail(ErrorCode::invalid_graph, "count is {} for {} operands", count, c.num_operands());
    require_operand_count(c, 1 + static_cast<size_t>(count) * step);
    std::vector<TensorType> out;
    for (size_t i = 1; i < c.num_operands(); i += step)
      out.push_back(linear_result(c.operand(0), c.operand(i), step == 2 ? &c.operand(i + 1) : nullptr));
    return out;
  };
  op.reference = [](EvalContext& c) {
    size_t step = c.attrs.boolean("has_bias") ? 2 : 1;
    for (size_t r = 0; r < c.outputs.size(); ++r) {
      size_t i = 1 + r * step;
      Tensor sum(DType::f64, c.outputs[r].shape());
      linear_reference(c.inputs[0], c.inputs[i], step == 2 ? &c.inputs[i + 1] : nullptr, sum);
      for (int64_t k = 0, n = sum.num_elements(); k < n; ++k)
        c.outputs[r].set(k, activate(sum.get(k), c.attrs.string("activation")));
    }
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    size_t step = node.attrs.boolean("has_bias") ? 2 : 1;
    std::vector<Value> out;
    for (size_t i = 1; i < operands.size(); i += step) {
      Value y = linear(operands[0], operands[i], step == 2 ? operands[i + 1] : Value());
      out.push_back(apply_activation(y, node.attrs.string("activation")));
    }
    return out;
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
