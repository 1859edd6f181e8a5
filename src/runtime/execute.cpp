#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "ops/evaluate.h"
#include "runtime/plan.h"

namespace accelerate {
namespace {

constexpr size_t kMaxSpecializations = 16;
using Clock = std::chrono::steady_clock;

double us_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double, std::micro>(b - a).count();
}

bool same_shapes(const Specialization& s, std::span<const Tensor> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (s.input_shapes[i] != inputs[i].shape()) return false;
  return true;
}

void check_inputs(const Model::Impl& model, std::span<const Tensor> inputs) {
  const Graph& g = model.graph;
  if (inputs.size() != g.inputs().size())
    fail(ErrorCode::invalid_argument, "{} inputs given; the graph takes {}", inputs.size(), g.inputs().size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = g.type_of(g.inputs()[i]);
    if (inputs[i].empty()) fail(ErrorCode::invalid_argument, "input \"{}\" is an empty Tensor", g.input_name(i));
    if (inputs[i].dtype() != type.dtype || inputs[i].rank() != type.rank())
      fail(inputs[i].dtype() != type.dtype ? ErrorCode::invalid_dtype : ErrorCode::invalid_shape,
           "input \"{}\" is {}; expected {}", g.input_name(i), inputs[i].type().to_string(), type.to_string());
  }
}

std::shared_ptr<const Specialization> specialization_for(const Model::Impl& model, std::span<const Tensor> inputs) {
  {
    std::lock_guard lock(model.mutex);
    auto& list = model.specializations;
    for (auto it = list.begin(); it != list.end(); ++it) {
      if (!same_shapes(**it, inputs)) continue;
      list.splice(list.begin(), list, it);
      return list.front();
    }
  }
  auto made = specialize(model, inputs);
  std::lock_guard lock(model.mutex);
  model.specializations.push_front(made);
  if (model.specializations.size() > kMaxSpecializations) model.specializations.pop_back();
  return made;
}

/// Borrows a context from the model's pool, or makes one.
class ContextLease {
 public:
  explicit ContextLease(const Model::Impl& model) : model_(model) {
    std::lock_guard lock(model.mutex);
    if (model.idle_contexts.empty()) {
      context_ = std::make_unique<ExecutionContext>();
      model.idle_contexts.reserve(model.idle_contexts.size() + 8);
    } else {
      context_ = std::move(model.idle_contexts.back());
      model.idle_contexts.pop_back();
    }
  }
  ~ContextLease() {
    std::lock_guard lock(model_.mutex);
    if (model_.idle_contexts.size() < model_.idle_contexts.capacity())
      model_.idle_contexts.push_back(std::move(context_));
  }
  ContextLease(const ContextLease&) = delete;
  ContextLease& operator=(const ContextLease&) = delete;
  ExecutionContext& operator*() { return *context_; }

 private:
  const Model::Impl& model_;
  std::unique_ptr<ExecutionContext> context_;
};

ProfileEvent event_of(const Model::Impl& model, const Step& step, const std::vector<int64_t>& shape, double start_us,
                      double duration_us) {
  const Node& node = model.plan.nodes()[static_cast<size_t>(step.nodes.front())];
  std::string detail = step.outputs.empty()
                           ? ""
                           : fmt::format("{}{}", name_of(model.plan.type_of(step.outputs[0]).dtype), to_string(shape));
  std::string name = step.is_region ? fmt::format("{} ({} nodes)", step.kernel_name, step.nodes.size())
                                    : node.op->name + " (" + step.kernel_name + ")";
  return {std::move(name), std::move(detail), step.is_region ? "" : node.location, start_us, duration_us};
}

void run_static(const Model::Impl& model, const Specialization& plan, std::span<const Tensor> inputs,
                std::span<Tensor> outputs, const ExecuteOptions& options) {
  ContextLease lease(model);
  ExecutionContext& context = *lease;
  size_t needed = plan.arena_bytes + plan.scratch_bytes;
  if (context.arena_capacity < needed) {
    context.arena.reset();
    context.arena_capacity = 0;  // holds if the allocation fails
    context.arena = allocate_aligned(needed);
    context.arena_capacity = needed;
  }
  model.last_arena_bytes.store(plan.arena_bytes, std::memory_order_relaxed);
  auto* arena = static_cast<std::byte*>(context.arena.get());
  auto locate = [&](const Place& place) -> const void* {
    switch (place.kind) {
      case Place::Kind::arena: return arena + place.offset;
      case Place::Kind::constant: return model.constants[place.index].data();
      case Place::Kind::input: return inputs[place.index].data();
      case Place::Kind::output: return outputs[place.index].data();
      case Place::Kind::none: break;
    }
    return nullptr;
  };
  auto begin = Clock::now();
  for (size_t s = 0; s < model.steps.size(); ++s) {
    options.limits.check();
    const Step& step = model.steps[s];
    context.input_pointers.resize(step.inputs.size());
    context.output_pointers.resize(step.outputs.size());
    for (size_t i = 0; i < step.inputs.size(); ++i) context.input_pointers[i] = locate(plan.places[step.inputs[i]]);
    for (size_t i = 0; i < step.outputs.size(); ++i)
      context.output_pointers[i] = const_cast<void*>(locate(plan.places[step.outputs[i]]));
    Stream& stream = *model.session->streams[step.backend];
    auto start = options.profile != nullptr ? Clock::now() : Clock::time_point();
    try {
      plan.launches[s]->record(stream, {context.input_pointers, context.output_pointers, arena + plan.arena_bytes});
    } catch (Error& error) {
      error.in(describe(model, step));
      throw;
    }
    if (options.profile != nullptr) {
      stream.synchronize();
      auto end = Clock::now();
      options.profile->push_back(event_of(model, step,
                                          step.outputs.empty() ? std::vector<int64_t>() : plan.shapes[step.outputs[0]],
                                          us_between(begin, start), us_between(start, end)));
    }
  }
  for (const auto& stream : model.session->streams)
    if (stream != nullptr) stream->synchronize();
  for (const auto& copy : plan.copies)
    if (copy.size_bytes > 0) std::memcpy(outputs[copy.output].data(), locate(copy.from), copy.size_bytes);
}

/// Node by node, for graphs whose extents are known only as data is seen: each node is made ready when its turn comes.
std::vector<Tensor> run_dynamic(const Model::Impl& model, std::span<const Tensor> inputs,
                                const ExecuteOptions& options) {
  const Graph& g = model.plan;
  DimBindings dims = ops::bind_dims(model.graph, inputs);
  std::vector<Tensor> values(g.num_values());
  for (size_t i = 0; i < inputs.size(); ++i) values[g.inputs()[i]] = inputs[i];
  for (size_t id = 0; id < g.num_values(); ++id)
    if (model.constant_index[id] >= 0) values[id] = model.constants[static_cast<size_t>(model.constant_index[id])];
  auto begin = Clock::now();
  for (int item : model.schedule) {
    options.limits.check();
    auto start = Clock::now();
    if (item < 0) {
      const Node& view = g.nodes()[static_cast<size_t>(~item)];
      if (values[view.results[0]].empty() && !values[view.operands[0]].empty())
        values[view.results[0]] = values[view.operands[0]].reshape(evaluate(g.type_of(view.results[0]).shape, dims));
      continue;
    }
    const Step& step = model.steps[static_cast<size_t>(item)];
    std::vector<Tensor> operands;
    for (ValueId id : step.inputs) operands.push_back(values[id]);
    const Node& first = g.nodes()[static_cast<size_t>(step.nodes.front())];
    bool unbacked = !step.is_region && runs_regions(first);
    for (ValueId id : step.outputs) {
      for (const Dim& dim : g.type_of(id).shape) {
        std::vector<std::string> symbols;
        dim.collect_symbols(symbols);
        for (const std::string& s : symbols) unbacked = unbacked || !dims.contains(s);
      }
    }
    if (unbacked) {
      auto results = ops::evaluate_node(g, first, operands, dims, model.weights.get());
      for (size_t i = 0; i < results.size(); ++i) values[step.outputs[i]] = results[i];
    } else {
      std::vector<std::vector<int64_t>> in;
      std::vector<std::vector<int64_t>> out;
      std::vector<const void*> in_pointers;
      std::vector<void*> out_pointers;
      for (size_t i = 0; i < operands.size(); ++i) {
        // The kernel owns an operand that is empty here: a packed weight.
        in.push_back(operands[i].empty() ? evaluate(g.type_of(step.inputs[i]).shape, dims) : operands[i].shape());
        in_pointers.push_back(operands[i].data());
      }
      for (ValueId id : step.outputs) {
        out.push_back(evaluate(g.type_of(id).shape, dims));
        values[id] = Tensor(g.type_of(id).dtype, out.back());
        out_pointers.push_back(values[id].data());
      }
      if (!step.is_region) check_extents(g, first, in, out, dims);
      auto launch = step.kernel->specialize({in, out, dims, model.session->executor->num_threads()});
      auto scratch = allocate_aligned(launch->scratch_bytes());
      Stream& stream = *model.session->streams[step.backend];
      launch->record(stream, {in_pointers, out_pointers, scratch.get()});
      stream.synchronize();
    }
    if (options.profile != nullptr)
      options.profile->push_back(
          event_of(model, step, step.outputs.empty() ? std::vector<int64_t>() : values[step.outputs[0]].shape(),
                   us_between(begin, start), us_between(start, Clock::now())));
  }
  std::vector<Tensor> outputs;
  for (const auto& output : g.outputs()) outputs.push_back(values[output.value]);
  return outputs;
}

/// Runs body and turns a mapped file that failed meanwhile into an error.
template <typename Body>
void checked(const Model::Impl& model, Body body) {
  uint64_t poisoned = num_poisoned_maps();
  body();
  if (num_poisoned_maps() != poisoned && model.weights != nullptr) model.weights->check();
}

}  // namespace

void Model::execute_into(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                         const ExecuteOptions& options) const {
  const Impl& model = *impl_;
  check_inputs(model, inputs);
  if (outputs.size() != model.graph.outputs().size())
    fail(ErrorCode::invalid_argument, "{} outputs given; the graph has {}", outputs.size(),
         model.graph.outputs().size());
  options.limits.check();
  checked(model, [&] {
    if (model.dynamic) {
      auto results = run_dynamic(model, inputs, options);
      for (size_t i = 0; i < results.size(); ++i) {
        if (outputs[i].dtype() != results[i].dtype() || outputs[i].shape() != results[i].shape())
          fail(ErrorCode::invalid_shape, "output {} is {}; the graph gives {}", i, outputs[i].type().to_string(),
               results[i].type().to_string());
        std::memcpy(outputs[i].data(), results[i].data(), results[i].size_bytes());
      }
      return;
    }
    auto plan = specialization_for(model, inputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      ValueId id = model.plan.outputs()[i].value;
      if (outputs[i].empty() || outputs[i].dtype() != model.plan.type_of(id).dtype ||
          outputs[i].shape() != plan->shapes[id])
        fail(ErrorCode::invalid_shape, "output \"{}\" is not {}{}", model.graph.outputs()[i].name,
             name_of(model.plan.type_of(id).dtype), to_string(plan->shapes[id]));
    }
    run_static(model, *plan, inputs, outputs, options);
  });
}

std::vector<Tensor> Model::execute(std::span<const Tensor> inputs, const ExecuteOptions& options) const {
  const Impl& model = *impl_;
  check_inputs(model, inputs);
  options.limits.check();
  std::vector<Tensor> outputs;
  checked(model, [&] {
    if (model.dynamic) {
      outputs = run_dynamic(model, inputs, options);
      return;
    }
    auto plan = specialization_for(model, inputs);
    for (const auto& output : model.plan.outputs())
      outputs.emplace_back(model.plan.type_of(output.value).dtype, plan->shapes[output.value]);
    run_static(model, *plan, inputs, outputs, options);
  });
  return outputs;
}

std::map<std::string, Tensor> Model::execute(const std::map<std::string, Tensor>& inputs,
                                             const ExecuteOptions& options) const {
  const Graph& g = impl_->graph;
  std::vector<Tensor> list(g.inputs().size());
  for (const auto& [name, tensor] : inputs) {
    auto index = g.find_input(name);
    if (!index) {
      std::string known;
      for (size_t i = 0; i < g.inputs().size(); ++i) known += (i == 0 ? "" : ", ") + g.input_name(i);
      fail(ErrorCode::invalid_argument, "the graph has no input \"{}\"; it takes {}", printable(name), known);
    }
    list[*index] = tensor;
  }
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].empty())
      fail(ErrorCode::invalid_argument, "input \"{}\" ({}) is missing", g.input_name(i),
           g.type_of(g.inputs()[i]).to_string());
  auto results = execute(std::span<const Tensor>(list), options);
  std::map<std::string, Tensor> out;
  for (size_t i = 0; i < results.size(); ++i) out.emplace(g.outputs()[i].name, std::move(results[i]));
  return out;
}

const ModelReport& Model::report() const {
  return impl_->report;
}
const Graph& Model::graph() const {
  return impl_->graph;
}
const Graph& Model::plan() const {
  return impl_->plan;
}
size_t Model::arena_bytes() const {
  return impl_->last_arena_bytes.load(std::memory_order_relaxed);
}

}  // namespace accelerate
