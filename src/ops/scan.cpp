#include <cstring>

#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// A loop over the first axis of xs, which have one extent T there. body: (carried..., one slice of each x without its
/// first axis..., constants...) -> (carried..., y...), where the carried values keep their types. Results: the carried
/// values after the last step, then each y of all steps, stacked to [T, ...].
// api: std::vector<Value> scan(std::shared_ptr<const Graph> body, std::vector<Value> carried, std::vector<Value> xs, std::vector<Value> constants = {});
std::vector<Value> scan(std::shared_ptr<const Graph> body, std::vector<Value> carried, std::vector<Value> xs,
                        std::vector<Value> constants) {
  if (xs.empty() || !xs[0]) fail(ErrorCode::invalid_argument, "scan was given nothing to loop over");
  Attrs attrs{{"num_carried", static_cast<int64_t>(carried.size())}, {"num_xs", static_cast<int64_t>(xs.size())}};
  Builder& builder = *xs[0].builder;
  std::vector<Value> operands = std::move(carried);
  operands.insert(operands.end(), xs.begin(), xs.end());
  operands.insert(operands.end(), constants.begin(), constants.end());
  return builder.add(registry().get("scan"), operands, std::move(attrs), {std::move(body)});
}

namespace {

/// Places of the operands of a scan.
struct ScanOperands {
  size_t num_carried = 0;
  size_t num_xs = 0;

  ScanOperands(const Attrs& attrs, size_t num_operands) {
    const int64_t carried = attrs.integer("num_carried");
    const int64_t xs = attrs.integer("num_xs");
    const auto count = static_cast<int64_t>(num_operands);
    if (carried < 0 || xs < 1 || carried > count || xs > count - carried)
      fail(ErrorCode::invalid_graph, "{} operands, of which {} are carried and {} sliced; expected one sliced or more",
           count, carried, xs);
    num_carried = static_cast<size_t>(carried);
    num_xs = static_cast<size_t>(xs);
  }
  bool is_sliced(size_t operand) const { return operand >= num_carried && operand < num_carried + num_xs; }
};

std::vector<TensorType> infer_scan(const InferContext& c) {
  const ScanOperands at(c.attrs, c.num_operands());
  std::vector<TensorType> inputs;
  Dim steps;
  for (size_t i = 0; i < c.num_operands(); ++i) {
    TensorType type = c.operand(i);
    if (at.is_sliced(i)) {
      if (type.rank() < 1) fail(ErrorCode::invalid_shape, "operand {} is a scalar; expected an axis of steps", i);
      steps = i == at.num_carried ? type.shape[0] : unify(steps, type.shape[0], "the number of steps");
      type.shape.erase(type.shape.begin());
    }
    inputs.push_back(std::move(type));
  }
  auto types = output_types(require_region(c, 0, inputs));
  if (types.size() < at.num_carried)
    fail(ErrorCode::invalid_graph, "the body gives {} results; expected {} carried values first", types.size(),
         at.num_carried);
  for (size_t i = 0; i < types.size(); ++i) {
    if (i < at.num_carried) {
      require_same_type(types[i], c.operand(i), fmt::format("carried value {}", i));
    } else {
      types[i].shape.insert(types[i].shape.begin(), steps);
    }
  }
  return types;
}

void reference_scan(EvalContext& c) {
  const ScanOperands at(c.attrs, c.inputs.size());
  std::vector<Tensor> inputs(c.inputs.begin(), c.inputs.end());
  const int64_t steps = c.inputs[at.num_carried].shape().at(0);
  for (size_t i = at.num_carried; i < at.num_carried + at.num_xs; ++i)
    if (c.inputs[i].shape().at(0) != steps)
      fail(ErrorCode::invalid_shape, "operand {} has {} steps; the first has {}", i, c.inputs[i].shape()[0], steps);
  for (int64_t step = 0; step < steps; ++step) {
    for (size_t i = at.num_carried; i < at.num_carried + at.num_xs; ++i) {
      const Tensor& x = c.inputs[i];
      Tensor slice(x.dtype(), std::vector<int64_t>(x.shape().begin() + 1, x.shape().end()));
      if (const size_t bytes = slice.size_bytes(); bytes > 0)
        std::memcpy(slice.data(), static_cast<const char*>(x.data()) + static_cast<size_t>(step) * bytes, bytes);
      inputs[i] = std::move(slice);
    }
    auto results = c.run_region(0, inputs);
    for (size_t i = 0; i < results.size(); ++i) {
      if (i < at.num_carried) {
        inputs[i] = std::move(results[i]);
      } else if (const size_t bytes = results[i].size_bytes(); bytes > 0) {
        std::memcpy(static_cast<char*>(c.outputs[i].data()) + static_cast<size_t>(step) * bytes, results[i].data(),
                    bytes);
      }
    }
  }
  for (size_t i = 0; i < at.num_carried; ++i) c.outputs[i] = inputs[i];
}

}  // namespace

void register_scan(OpRegistry& registry) {
  OpDef op;
  op.name = "scan";
  op.doc = "(carried..., xs..., constants...) -> the carried values after a loop over the first axis of xs, stacked ys";
  op.min_operands = 1;
  op.max_operands = -1;
  op.num_regions = 1;
  op.attrs = {{"num_carried", AttrKind::integer, std::nullopt, false, "how many operands the loop carries"},
              {"num_xs", AttrKind::integer, std::nullopt, false, "how many operands it takes slice by slice"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_scan;
  op.reference = reference_scan;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
