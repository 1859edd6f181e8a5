#include <algorithm>

#include "base/error.h"
#include "ops/evaluate.h"
#include "runtime/plan.h"

namespace accelerate {

void check_extents(const Graph& g, const Node& node, std::span<const std::vector<int64_t>> operands,
                   std::span<const std::vector<int64_t>> results, const DimBindings& dims) {
  // Fixed extents were checked with the graph; a region's types are written with the graph's own symbols.
  if (!node.regions.empty() || node.operands.empty() || node.op->has_effects) return;
  auto fixed = [&](ValueId id) { return is_static(g.type_of(id).shape); };
  if (std::all_of(node.operands.begin(), node.operands.end(), fixed) &&
      std::all_of(node.results.begin(), node.results.end(), fixed))
    return;
  std::vector<TensorType> types;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    types.push_back(g.type_of(node.operands[i]));
    types.back().shape.assign(operands[i].begin(), operands[i].end());
  }
  Attrs attrs = node.attrs;
  for (const auto& [name, attr] : node.attrs.map()) {
    const auto* symbolic = std::get_if<Shape>(&attr);
    if (symbolic == nullptr) continue;
    auto values = evaluate(*symbolic, dims);
    attrs.set(name, Shape(values.begin(), values.end()));
  }
  auto inferred = node.op->infer(InferContext(types, attrs, node.regions));
  for (size_t r = 0; r < results.size(); ++r)
    if (inferred[r].shape != Shape(results[r].begin(), results[r].end()))
      fail(ErrorCode::invalid_shape, "with these inputs the result is {}; the graph declares {} ({})",
           to_string(inferred[r].shape), to_string(results[r]), g.type_of(node.results[r]).to_string());
}

std::shared_ptr<const Specialization> specialize(const Model::Impl& model, std::span<const Tensor> inputs) {
  const Graph& g = model.plan;
  auto out = std::make_shared<Specialization>();
  for (const Tensor& t : inputs) out->input_shapes.push_back(t.shape());
  out->dims = ops::bind_dims(model.graph, inputs);

  out->shapes.resize(g.num_values());
  std::vector<size_t> sizes(g.num_values(), 0);
  auto resolve = [&](ValueId id, const std::string& where) {
    const TensorType& type = g.type_of(id);
    out->shapes[id] = evaluate(type.shape, out->dims);
    int64_t bytes = static_cast<int64_t>(size_of(type.dtype));
    for (int64_t extent : out->shapes[id]) {
      if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes))
        fail(ErrorCode::invalid_shape, "with these inputs {} would have the shape {} ({})", where,
             to_string(out->shapes[id]), type.to_string());
    }
    sizes[id] = static_cast<size_t>(bytes);
  };
  for (ValueId id : g.inputs()) resolve(id, "an input");
  for (const Node& node : g.nodes()) {
    for (ValueId id : node.results) resolve(id, describe(node));
    // A view shares the memory of its operand: extents that do not fit it must never be read.
    if (node.op->is_view && sizes[node.results[0]] != sizes[node.operands[0]])
      fail(ErrorCode::invalid_shape, "with these inputs {} would view {} as {}", describe(node),
           to_string(out->shapes[node.operands[0]]), to_string(out->shapes[node.results[0]]));
  }

  // Launches.
  int num_threads = model.session->executor->num_threads();
  auto shapes_of = [&](std::span<const ValueId> ids) {
    std::vector<std::vector<int64_t>> shapes;
    for (ValueId id : ids) shapes.push_back(out->shapes[id]);
    return shapes;
  };
  for (const Step& step : model.steps) {
    try {
      for (int n : step.nodes) {
        const Node& node = g.nodes()[static_cast<size_t>(n)];
        check_extents(g, node, shapes_of(node.operands), shapes_of(node.results), out->dims);
      }
      out->launches.push_back(
          step.kernel->specialize({shapes_of(step.inputs), shapes_of(step.outputs), out->dims, num_threads}));
    } catch (Error& error) {
      error.in(describe(model, step));
      throw;
    }
    out->scratch_bytes = std::max(out->scratch_bytes, out->launches.back()->scratch_bytes());
  }

  // Places: constants, inputs, then outputs, then the arena by liveness of the root values.
  out->places.resize(g.num_values());
  for (size_t id = 0; id < g.num_values(); ++id)
    if (model.constant_index[id] >= 0)
      out->places[id] = {Place::Kind::constant, 0, static_cast<size_t>(model.constant_index[id])};
  for (size_t i = 0; i < g.inputs().size(); ++i) out->places[g.inputs()[i]] = {Place::Kind::input, 0, i};
  for (size_t i = 0; i < g.outputs().size(); ++i) {
    ValueId id = g.outputs()[i].value;
    Place& place = out->places[model.roots[id]];
    if (place.kind == Place::Kind::none && model.constant_index[id] < 0) {
      place = {Place::Kind::output, 0, i};
    } else {
      Place from = model.constant_index[id] >= 0
                       ? Place{Place::Kind::constant, 0, static_cast<size_t>(model.constant_index[id])}
                       : place;
      out->copies.push_back({from, i, sizes[id]});
    }
  }
  std::vector<int> last_use(g.num_values(), -1);
  std::vector<int> first_use(g.num_values(), -1);
  for (size_t s = 0; s < model.steps.size(); ++s) {
    for (ValueId id : model.steps[s].inputs) last_use[model.roots[id]] = static_cast<int>(s);
    for (ValueId id : model.steps[s].outputs) {
      first_use[id] = static_cast<int>(s);
      last_use[id] = std::max(last_use[id], static_cast<int>(s));
    }
  }
  std::vector<Block> blocks;
  std::vector<ValueId> owners;
  for (size_t id = 0; id < g.num_values(); ++id) {
    if (first_use[id] < 0 || model.roots[id] != id || out->places[id].kind != Place::Kind::none) continue;
    blocks.push_back({sizes[id], first_use[id], last_use[id], 0});
    owners.push_back(static_cast<ValueId>(id));
  }
  out->arena_bytes = plan_memory(blocks);
  for (size_t i = 0; i < blocks.size(); ++i) out->places[owners[i]] = {Place::Kind::arena, blocks[i].offset, 0};
  for (size_t id = 0; id < g.num_values(); ++id)
    if (model.roots[id] != id && model.constant_index[id] < 0) out->places[id] = out->places[model.roots[id]];
  return out;
}

}  // namespace accelerate
