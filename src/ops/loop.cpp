#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Runs body while the condition holds, at most max_trips times (i64 scalar). body: (trip number i64, carried...) ->
/// (condition bool, carried...), where the carried values keep their types. Results: the carried values at the end.
// api: std::vector<Value> loop(Value max_trips, Value condition, std::shared_ptr<const Graph> body, std::vector<Value> carried);
std::vector<Value> loop(Value max_trips, Value condition, std::shared_ptr<const Graph> body,
                        std::vector<Value> carried) {
  if (!max_trips) fail(ErrorCode::invalid_argument, "loop was given no max_trips");
  carried.insert(carried.begin(), {max_trips, condition});
  return max_trips.builder->add(registry().get("loop"), carried, {}, {std::move(body)});
}

void register_loop(OpRegistry& registry) {
  OpDef op;
  op.name = "loop";
  op.doc = "(max_trips, condition, carried...) -> the carried values after the last trip through the region";
  op.min_operands = 3;
  op.max_operands = -1;
  op.num_regions = 1;
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    TensorType trip(DType::i64, {});
    require_same_type(c.operand(0), trip, "max_trips");
    require_bool_scalar(c.operand(1), "condition");
    std::vector<TensorType> carried(c.operands().begin() + 2, c.operands().end());
    std::vector<TensorType> inputs = carried;
    inputs.insert(inputs.begin(), trip);
    auto types = output_types(require_region(c, 0, inputs));
    if (types.size() != carried.size() + 1)
      fail(ErrorCode::invalid_graph, "the body gives {} results; expected the condition and {} carried values",
           types.size(), carried.size());
    require_bool_scalar(types[0], "the condition that the body gives");
    for (size_t i = 0; i < carried.size(); ++i)
      require_same_type(types[i + 1], carried[i], fmt::format("carried value {}", i));
    return carried;
  };
  op.reference = [](EvalContext& c) {
    std::vector<Tensor> values(c.inputs.begin() + 2, c.inputs.end());
    bool running = c.inputs[1].get_int(0) != 0;
    for (int64_t trip = 0, trips = c.inputs[0].get_int(0); trip < trips && running; ++trip) {
      std::vector<Tensor> inputs = values;
      inputs.insert(inputs.begin(), Tensor::from<int64_t>(DType::i64, {}, {trip}));
      auto results = c.run_region(0, inputs);
      running = results.at(0).get_int(0) != 0;
      values.assign(results.begin() + 1, results.end());
    }
    for (size_t i = 0; i < values.size(); ++i) c.outputs[i] = values[i];
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
