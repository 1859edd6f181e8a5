#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "base/cpu_features.h"
#include "base/error.h"
#include "ops/evaluate.h"
#include "ops/registry.h"
#include "passes/pass.h"
#include "runtime/partition.h"
#include "runtime/plan.h"
#include "runtime/regions.h"

namespace accelerate {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Every weight the graph refers to must be there with the declared type; all faults are reported together.
size_t check_weights(const Graph& graph, const WeightSource* weights) {
  std::string faults;
  int count = 0;
  size_t bytes = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op->name != "weight") continue;
    const std::string& name = node.attrs.string("name");
    auto info = weights == nullptr ? std::nullopt : weights->find(name);
    const TensorType& type = graph.type_of(node.results[0]);
    std::string fault;
    if (!info) {
      fault = "missing: " + printable(name);
    } else if (info->dtype != type.dtype || Shape(info->shape.begin(), info->shape.end()) != type.shape ||
               !(info->encoding == type.encoding)) {
      fault = fmt::format("{}: the file has {}{}, the graph expects {}", printable(name), name_of(info->dtype),
                          to_string(info->shape), type.to_string());
    } else {
      bytes += info->size_bytes;
    }
    if (!fault.empty() && ++count <= 20) faults += "\n  " + fault;
  }
  if (count > 20) faults += fmt::format("\n  and {} more", count - 20);
  if (count > 0) fail(ErrorCode::invalid_weights, "{} weights do not fit the graph:{}", count, faults);
  return bytes;
}

/// The products' type: what was asked for, or what the checkpoint holds if the CPU multiplies it natively.
ComputeType choose_compute(const std::string& asked, const Graph& graph) {
  if (asked == "f32") return ComputeType::f32;
  if (asked == "bf16") return ComputeType::bf16;
  if (asked == "f16") return ComputeType::f16;
  size_t bytes_bf16 = 0;
  size_t bytes_f16 = 0;
  size_t bytes_all = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op->name != "weight") continue;
    const TensorType& type = graph.type_of(node.results[0]);
    auto elements = static_cast<size_t>(num_elements(type.shape).constant().value_or(0));
    size_t bytes = elements * size_of(type.dtype);
    bytes_all += bytes;
    if (type.dtype == DType::bf16) bytes_bf16 += bytes;
    if (type.dtype == DType::f16) bytes_f16 += bytes;
  }
  Isa isa = selected_isa();
  if (2 * bytes_bf16 > bytes_all && isa >= Isa::avx512_bf16) return ComputeType::bf16;
  if (2 * bytes_f16 > bytes_all && isa >= Isa::avx512_fp16) return ComputeType::f16;
  return ComputeType::f32;
}

std::string_view name_of_compute(ComputeType type) {
  switch (type) {
    case ComputeType::f32: return "f32";
    case ComputeType::bf16: return "bf16";
    case ComputeType::f16: return "f16";
  }
  return "f32";
}

/// Does an attribute depend on the extents of a call.
bool has_symbolic_attribute(const Node& node) {
  for (const auto& [name, attr] : node.attrs.map()) {
    const auto* dims = std::get_if<Shape>(&attr);
    if (dims != nullptr && !is_static(*dims)) return true;
  }
  return false;
}

bool has_unbacked(const TensorType& type) {
  return std::any_of(type.shape.begin(), type.shape.end(), [](const Dim& d) { return d.has_unbacked(); });
}

class Compiler {
 public:
  Compiler(std::shared_ptr<const SessionState> session, const Graph& graph, std::shared_ptr<const WeightSource> weights)
      : session_(std::move(session)), out_(std::make_shared<Model::Impl>()) {
    out_->session = session_;
    out_->graph = graph;
    out_->weights = std::move(weights);
  }

  std::shared_ptr<Model::Impl> run() {
    auto begin = Clock::now();
    ModelReport& report = out_->report;
    verify(out_->graph);
    report.weight_bytes = check_weights(out_->graph, out_->weights.get());
    Program identity;
    identity.graphs.emplace("main", out_->graph);
    report.graph_hash = identity_hash(identity);
    compute_ = primary().takes_regions() && session_->options.dtype == "auto"
                   ? ComputeType::f32
                   : choose_compute(session_->options.dtype, out_->graph);
    report.dtype = name_of_compute(compute_);
    optimise();
    expand_unsupported();
    find_constants();
    place();
    make_kernels();
    report.backend = session_->backend;
    report.device = session_->device;
    report.requested_device = session_->request.requested;
    report.fallback_reason = session_->fallback_reason;
    if (!session_->order.empty() && primary().takes_regions() && report.regions.empty() && !out_->steps.empty() &&
        report.fallback_reason.empty())
      report.fallback_reason = nothing_taken();
    report.num_threads = session_->executor->num_threads();
    report.isa = report.backend == "cpu" ? name_of(selected_isa()) : "";
    if (out_->weights != nullptr) out_->weights->check();
    report.compile_ms = ms_since(begin);
    return out_;
  }

 private:
  const Backend& primary() const { return *session_->backends[session_->order.front()]; }

  void optimise() {
    PipelineOptions options;
    for (const std::string& name : primary().passes()) options.wanted.insert(name);
    for (const std::string& name : session_->options.disabled_passes) options.disabled.insert(name);
    if (const char* env = std::getenv("ACCELERATE_DISABLE_PASSES")) {
      std::string_view rest = env;
      while (!rest.empty()) {
        size_t comma = rest.find(',');
        options.disabled.emplace(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      }
    }
    options.dump_after = session_->options.dump_after;
    if (session_->options.dump) options.dump = [this](const Graph& graph) { session_->options.dump(print(graph)); };
    std::vector<PassRunReport> reports;
    out_->plan = run_passes(out_->graph, options, &reports);
    for (const auto& r : reports)
      out_->report.passes.push_back({r.name, r.time_ms, r.changes, r.nodes_before, r.nodes_after});
  }

  NodeSite site(const Node& node) {
    return {out_->plan, node, [this](ValueId id) { return constant(id); },
            [this](ValueId id) { return is_constant(id); }, compute_};
  }

  /// Values computed from weights and constants alone.
  void find_constants() {
    const Graph& g = out_->plan;
    constant_.assign(g.num_values(), false);
    from_file_.assign(g.num_values(), false);
    for (const Node& node : g.nodes()) {
      bool all = !node.op->has_effects && node.regions.empty() && !has_symbolic_attribute(node);
      for (ValueId id : node.operands) all = all && constant_[id];
      for (ValueId id : node.results) all = all && is_static(g.type_of(id).shape);
      bool from_file = node.op->name == "weight";
      for (ValueId id : node.operands) from_file = from_file || from_file_[id];
      if (all)
        for (ValueId id : node.results) {
          constant_[id] = true;
          from_file_[id] = from_file;
        }
    }
    values_.assign(g.num_values(), Tensor());
  }
  bool is_constant(ValueId id) const { return constant_.at(id); }

  /// Why the backend cannot run the node; the entry if it can.
  std::pair<const KernelEntry*, std::string> find_kernel(const Backend& backend, const Node& node) {
    std::string reason = fmt::format("{} has no kernel for {}", backend.name(), node.op->name);
    NodeSite s = site(node);
    for (const KernelEntry& entry : backend.kernels()) {
      if (entry.op != node.op->name) continue;
      auto why_not = entry.why_not ? entry.why_not(s) : std::nullopt;
      if (!why_not) return {&entry, ""};
      reason = fmt::format("{}: {}", entry.name, *why_not);
    }
    return {nullptr, reason};
  }

  /// Why the primary backend, which takes regions, cannot have the node in one; nothing if it can.
  std::optional<std::string> why_not_in_region(const Graph& g, const Node& node) const {
    if (node.op->has_effects) return fmt::format("{} keeps state between calls", node.op->name);
    if (runs_regions(node)) return fmt::format("{} is control flow", node.op->name);
    for (const auto* ids : {&node.operands, &node.results})
      for (ValueId id : *ids)
        if (has_unbacked(g.type_of(id))) return fmt::format("{} has extents that only data gives", node.op->name);
    return primary().why_not_in_region({g, node, [](ValueId) { return Tensor(); },
                                        [&](ValueId id) { return &g == &out_->plan && is_constant(id); }, compute_});
  }

  /// Does the primary backend take all of what the node expands into.
  bool expands_into_region(const Graph& g, const Node& node, int depth = 0) const {
    if (!node.op->expand || depth > 4) return false;
    Graph simpler = ops::expand_node(g, node);
    return std::all_of(simpler.nodes().begin(), simpler.nodes().end(), [&](const Node& inner) {
      return inner.op->is_view || inner.op->name == "constant" || !why_not_in_region(simpler, inner) ||
             expands_into_region(simpler, inner, depth + 1);
    });
  }

  /// The node on f32 operands, for ops whose f16 and bf16 forms compute in f32 and round once. Nothing if no operand is
  /// of such a type, or if the op's meaning lies in the type.
  std::vector<Value> widen(Patch& patch, const Node& node) {
    bool any = false;
    if (!node.regions.empty() || node.op->name == "cast" || node.op->has_effects || node.op->is_elementwise) return {};
    std::vector<Value> operands;
    DType narrow = DType::f32;
    for (ValueId id : node.operands) {
      Value v = patch.value(id);
      if (v.dtype() == DType::f16 || v.dtype() == DType::bf16) {
        any = true;
        narrow = v.dtype();
        v = patch.add1(ops::registry().get("cast"), {v}, {{"dtype", DType::f32}});
      }
      operands.push_back(v);
    }
    if (!any) return {};
    auto results = patch.add(*node.op, operands, node.attrs);
    for (size_t i = 0; i < results.size(); ++i) {
      if (out_->plan.type_of(node.results[i]).dtype == narrow && results[i].dtype() == DType::f32)
        results[i] = patch.add1(ops::registry().get("cast"), {results[i]}, {{"dtype", narrow}});
      if (results[i].dtype() != out_->plan.type_of(node.results[i]).dtype) return {};
    }
    return results;
  }

  /// Ops that the first backend lacks are computed in f32 where they are narrower, or written in simpler ones, as long
  /// as that leads somewhere.
  void expand_unsupported() {
    for (int round = 0; round < 8; ++round) {
      find_constants();
      Patch patch(out_->plan);
      for (const Node& node : out_->plan.nodes()) {
        if (node.op->is_view || node.results.empty() || constant_[node.results[0]]) continue;
        if (primary().takes_regions()) {
          if (!why_not_in_region(out_->plan, node) || !expands_into_region(out_->plan, node)) continue;
        } else if (find_kernel(primary(), node).first != nullptr) {
          continue;
        }
        patch.set_location(node.location);
        std::vector<Value> results;
        if (primary().preference() >= 0 && !primary().takes_regions()) results = widen(patch, node);
        if (results.empty()) {
          if (!node.op->expand) continue;
          std::vector<Value> operands;
          for (ValueId id : node.operands) operands.push_back(patch.value(id));
          results = node.op->expand(patch, node, operands);
        }
        for (size_t i = 0; i < results.size(); ++i) patch.replace(node.results[i], results[i]);
      }
      if (patch.empty()) return;
      out_->plan = patch.apply();
    }
  }

  /// The tensor of a constant value, computed at most once.
  Tensor constant(ValueId id) {
    if (!is_constant(id)) return {};
    if (!values_[id].empty()) return values_[id];
    const Graph& g = out_->plan;
    const Node& node = *g.producer(id);
    std::vector<Tensor> operands;
    for (ValueId operand : node.operands) operands.push_back(constant(operand));
    std::vector<Tensor> results;
    if (node.op->is_view) {
      results = {operands[0].reshape(evaluate(g.type_of(id).shape, {}))};
    } else {
      results = run_constant(node, operands);
    }
    for (size_t i = 0; i < node.results.size(); ++i) values_[node.results[i]] = results[i];
    return values_[id];
  }

  /// Runs one node at compile time, on a kernel if there is one, else by its reference.
  std::vector<Tensor> run_constant(const Node& node, std::span<const Tensor> operands) {
    const Graph& g = out_->plan;
    DimBindings dims;
    for (size_t b : session_->order) {
      if (node.operands.empty()) break;
      auto [entry, reason] = find_kernel(*session_->backends[b], node);
      if (entry == nullptr) continue;
      CompileContext context{*session_->executor, [](size_t, size_t, size_t) {}};
      auto kernel = entry->create(site(node), context);
      std::vector<std::vector<int64_t>> in;
      std::vector<std::vector<int64_t>> out;
      std::vector<const void*> in_pointers;
      std::vector<void*> out_pointers;
      std::vector<Tensor> results;
      for (const Tensor& t : operands) {
        in.push_back(t.shape());
        in_pointers.push_back(t.data());
      }
      for (ValueId id : node.results) {
        out.push_back(evaluate(g.type_of(id).shape, {}));
        results.emplace_back(g.type_of(id).dtype, out.back());
        out_pointers.push_back(results.back().data());
      }
      auto launch = kernel->specialize({in, out, dims, session_->executor->num_threads()});
      auto scratch = allocate_aligned(launch->scratch_bytes());
      Stream& stream = *session_->streams[b];
      launch->record(stream, {in_pointers, out_pointers, scratch.get()});
      stream.synchronize();
      return results;
    }
    return ops::evaluate_node(g, node, operands, dims, out_->weights.get());
  }

  void place() {
    const Graph& g = out_->plan;
    out_->roots.resize(g.num_values());
    for (size_t i = 0; i < g.num_values(); ++i) out_->roots[i] = static_cast<ValueId>(i);
    std::vector<NodeRole> roles;
    for (const Node& node : g.nodes()) {
      NodeRole role = node.op->is_view ? NodeRole::view : NodeRole::outside;
      if (!node.results.empty() && constant_[node.results[0]]) role = NodeRole::constant;
      roles.push_back(role);
      if (role == NodeRole::constant) continue;
      for (ValueId id : node.results) out_->dynamic = out_->dynamic || has_unbacked(g.type_of(id));
      out_->dynamic = out_->dynamic || runs_regions(node);
    }
    std::vector<std::string> reasons(roles.size());  // why a node is in no region
    Partition regions{std::vector<int>(roles.size(), -1), 0};
    std::vector<double> flops = estimate_flops(g);
    if (primary().takes_regions()) regions = take_regions(roles, flops, reasons);

    double all_flops = 0;
    double own_flops = 0;
    Faults faults;
    for (int item : schedule(g, roles, regions)) {
      if (item >= 0 && g.nodes()[static_cast<size_t>(item)].op->is_view) {
        const Node& view = g.nodes()[static_cast<size_t>(item)];
        out_->roots[view.results[0]] = out_->roots[view.operands[0]];
        out_->schedule.push_back(~item);
        continue;
      }
      Step step = item >= 0 ? node_step(item, reasons[static_cast<size_t>(item)], faults)
                            : region_step(static_cast<size_t>(~item));
      for (int n : step.nodes) {
        all_flops += flops[static_cast<size_t>(n)];
        if (step.backend == session_->order.front()) own_flops += flops[static_cast<size_t>(n)];
      }
      out_->schedule.push_back(static_cast<int>(out_->steps.size()));
      out_->steps.push_back(std::move(step));
    }
    if (!faults.text.empty())
      fail(ErrorCode::unsupported_op, "the graph cannot be placed{}:{}",
           session_->options.strict ? " on " + std::string(primary().name()) + " alone (--strict)" : "", faults.text);
    out_->report.flops_share = all_flops > 0 ? own_flops / all_flops : 1;
    count_transfers();
  }

  /// What cannot be placed, each reason once.
  struct Faults {
    std::string text;
    std::set<std::string> seen;
    void add(const std::string& reason, const std::string& location) {
      if (seen.insert(reason).second) text += "\n  " + reason + (location.empty() ? "" : " (at " + location + ")");
    }
  };

  /// Forms the regions of the primary backend and compiles them. A region that the engine refuses is given up, with
  /// its words as the reason. Errors: under strict, what the engine says.
  Partition take_regions(std::vector<NodeRole>& roles, std::span<const double> flops,
                         std::vector<std::string>& reasons) {
    const Graph& g = out_->plan;
    for (size_t n = 0; n < roles.size(); ++n) {
      if (roles[n] != NodeRole::outside) continue;
      if (auto why = why_not_in_region(g, g.nodes()[n])) {
        reasons[n] = fmt::format("{}: {}", primary().name(), *why);
      } else {
        roles[n] = NodeRole::eligible;
        reasons[n] = fmt::format("{}: too little work here for a compilation of its own", primary().name());
      }
    }
    Partition out = partition(g, roles, flops, session_->options.strict ? 0 : primary().min_region_share());
    std::vector<std::vector<int>> nodes(static_cast<size_t>(out.num_regions));
    for (size_t n = 0; n < roles.size(); ++n)
      if (out.region_of[n] >= 0) nodes[static_cast<size_t>(out.region_of[n])].push_back(static_cast<int>(n));
    double all = 0;
    for (size_t n = 0; n < roles.size(); ++n)
      if (roles[n] != NodeRole::constant) all += flops[n];
    for (size_t r = 0; r < nodes.size(); ++r) {
      Step step;
      step.nodes = nodes[r];
      step.is_region = true;
      step.backend = session_->order.front();
      RegionReport report;
      report.backend = primary().name();
      try {
        compile_region(step, report, r, nodes.size());
      } catch (const Error& error) {
        bool stopped = error.code() == ErrorCode::cancelled || error.code() == ErrorCode::deadline_exceeded;
        if (stopped || session_->options.strict) throw;
        for (int n : nodes[r]) {
          out.region_of[static_cast<size_t>(n)] = -1;
          reasons[static_cast<size_t>(n)] = fmt::format("{}: {}", primary().name(), error.message());
        }
        regions_.emplace_back();
        continue;
      }
      double work = 0;
      for (int n : nodes[r]) {
        work += flops[static_cast<size_t>(n)];
        const Node& node = g.nodes()[static_cast<size_t>(n)];
        if (!node.op->is_view) record_placement(node, step.backend, step.kernel_name, "");
      }
      report.flops_share = all > 0 ? work / all : 1;
      out_->report.regions.push_back(std::move(report));
      regions_.push_back(std::move(step));
    }
    return out;
  }

  void compile_region(Step& step, RegionReport& report, size_t index, size_t count) {
    auto begin = Clock::now();
    RegionGraph cut = cut_region(out_->plan, step.nodes,
                                 {[&](ValueId id) { return is_constant(id); }, [&](ValueId id) { return constant(id); },
                                  [&](ValueId id) { return static_cast<bool>(from_file_[id]); }});
    const SessionOptions& options = session_->options;
    RegionContext context{*session_->executor, nullptr, options.load_limits};
    if (options.progress) {
      context.progress = [&options, index, count](std::string_view what) {
        options.progress(fmt::format("region {} of {}: {}", index + 1, count, what));
      };
    }
    CompiledRegion made = primary().compile_region({cut.graph, cut.constants, compute_, session_->device}, context);
    step.kernel = std::move(made.kernel);
    step.kernel_name = fmt::format("region {}", index);
    step.inputs = std::move(cut.inputs);
    step.outputs = std::move(cut.outputs);
    report.nodes = static_cast<int>(step.nodes.size());
    report.inputs = static_cast<int>(step.inputs.size());
    report.outputs = static_cast<int>(step.outputs.size());
    report.cached = made.cached;
    report.id = std::move(made.id);
    report.compile_ms = ms_since(begin);
  }

  Step region_step(size_t region) { return std::move(regions_.at(region)); }

  /// The node on the first backend that has a kernel for it.
  Step node_step(int index, const std::string& why_in_no_region, Faults& faults) {
    const Node& node = out_->plan.nodes()[static_cast<size_t>(index)];
    Step step;
    step.nodes = {index};
    step.inputs = node.operands;
    step.outputs = node.results;
    std::string first_reason = why_in_no_region;
    const KernelEntry* found = nullptr;
    for (size_t b : session_->order) {
      if (session_->backends[b]->takes_regions()) continue;
      auto [entry, reason] = find_kernel(*session_->backends[b], node);
      if (entry != nullptr) {
        found = entry;
        step.backend = b;
        break;
      }
      if (first_reason.empty()) first_reason = reason;
    }
    if (found == nullptr) {
      faults.add(first_reason, node.location);
      return step;
    }
    if (session_->options.strict && step.backend != session_->order.front()) faults.add(first_reason, "");
    record_placement(node, step.backend, found->name, first_reason);
    step.kernel_name = found->name;
    entries_[index] = found;
    return step;
  }

  /// Why an engine that takes regions took none.
  std::string nothing_taken() const {
    std::string out = fmt::format("{} runs nothing of this graph", primary().name());
    for (const PlacementReport& entry : out_->report.placement)
      if (!entry.reason.empty()) return out + "; " + entry.reason;
    return out;
  }

  void count_transfers() {
    std::map<ValueId, size_t> maker;
    std::set<std::pair<ValueId, size_t>> counted;
    for (const Step& step : out_->steps) {
      for (ValueId id : step.inputs) {
        auto it = maker.find(out_->roots[id]);
        if (it != maker.end() && it->second != step.backend) counted.emplace(out_->roots[id], step.backend);
      }
      for (ValueId id : step.outputs) maker[id] = step.backend;
    }
    out_->report.transfers = static_cast<int>(counted.size());
  }

  void record_placement(const Node& node, size_t backend, const std::string& kernel, const std::string& reason) {
    auto& list = out_->report.placement;
    std::string backend_name(session_->backends[backend]->name());
    auto it = std::find_if(list.begin(), list.end(), [&](const PlacementReport& r) {
      return r.op == node.op->name && r.backend == backend_name && r.kernel == kernel && r.reason == reason;
    });
    if (it == list.end()) it = list.insert(list.end(), {node.op->name, backend_name, kernel, 0, reason});
    ++it->count;
  }

  /// The weight that a constant value is a view of, if it is one.
  std::optional<std::string> weight_behind(ValueId id) const {
    const Node* node = out_->plan.producer(id);
    while (node != nullptr && node->op->is_view) node = out_->plan.producer(node->operands[0]);
    if (node == nullptr || node->op->name != "weight") return std::nullopt;
    return node->attrs.string("name");
  }

  void make_kernels() {
    const Graph& g = out_->plan;
    out_->constant_index.assign(g.num_values(), -1);
    for (size_t i = 0; i < out_->steps.size(); ++i) {
      Step& step = out_->steps[i];
      if (step.is_region) {
        for (ValueId id : step.inputs) keep_constant(id);
        continue;
      }
      const Node& node = g.nodes()[static_cast<size_t>(step.nodes.front())];
      CompileContext context{*session_->executor, [&](size_t operand, size_t offset, size_t size) {
                               if (auto name = weight_behind(node.operands.at(operand)))
                                 out_->weights->release(*name, offset, size);
                             }};
      try {
        step.kernel = entries_.at(step.nodes.front())->create(site(node), context);
      } catch (Error& error) {
        error.in("preparing " + describe(node));
        throw;
      }
      out_->report.packed_bytes += step.kernel->packed_bytes();
      for (size_t o = 0; o < node.operands.size(); ++o)
        if (!step.kernel->owns_operand(o)) keep_constant(node.operands[o]);
    }
    for (const auto& output : g.outputs()) keep_constant(output.value);
    values_.clear();
  }

  /// Keeps what is read when `id` is: its own value, or that of the constant whose memory it views.
  void keep_constant(ValueId id) {
    if (!constant_[id]) id = out_->roots[id];
    if (!constant_[id] || out_->constant_index[id] >= 0) return;
    out_->constant_index[id] = static_cast<int>(out_->constants.size());
    out_->constants.push_back(constant(id));
  }

  std::shared_ptr<const SessionState> session_;
  std::shared_ptr<Model::Impl> out_;
  ComputeType compute_ = ComputeType::f32;
  std::vector<bool> constant_;
  std::vector<Tensor> values_;
  std::vector<bool> from_file_;
  std::vector<Step> regions_;                  // by region; empty where the engine refused
  std::map<int, const KernelEntry*> entries_;  // by node
};

}  // namespace

std::string describe(const Model::Impl& model, const Step& step) {
  if (!step.is_region) return describe(model.plan.nodes()[static_cast<size_t>(step.nodes.front())]);
  return fmt::format("{} of {} ({} nodes)", step.kernel_name, model.session->backends[step.backend]->name(),
                     step.nodes.size());
}

std::shared_ptr<Model::Impl> compile(std::shared_ptr<const SessionState> session, const Graph& graph,
                                     std::shared_ptr<const WeightSource> weights) {
  try {
    return Compiler(std::move(session), graph, std::move(weights)).run();
  } catch (Error& error) {
    error.in("compiling graph \"" + printable(graph.name()) + "\"");
    throw;
  }
}

}  // namespace accelerate
