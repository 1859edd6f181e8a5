#include <algorithm>
#include <chrono>
#include <memory>

#include "passes/pass.h"
#include "passes/rewrites.h"

namespace accelerate {
namespace {

struct Entry {
  Pass pass;
  bool portable = true;
};

/// A run of passes; `repeat`: again while something changes, at most kMaxSweeps times.
struct Stage {
  std::vector<Entry> entries;
  bool repeat = false;
};

constexpr int kMaxSweeps = 6;

/// The order of all passes.
const std::vector<Stage>& pipeline() {
  using namespace passes;
  static const std::vector<Stage> stages = {
      {{{dead_code()},
        {simplify_casts()},
        {simplify_arithmetic()},
        {simplify_movement()},
        {simplify_masks()},
        {constant_folding()},
        {common_subexpressions()},
        {recognize_activations()},
        {recognize_norms()},
        {recognize_rotary()},
        {recognize_linear()},
        {recognize_attention()}},
       true},
      {{{patch_embedding(), false}, {attention_layout(), false}, {fuse_conv(), false}, {channels_last(), false}}},
      // Moves that met their inverse in the new layouts go before fusion looks at single uses.
      {{{simplify_movement()}, {common_subexpressions()}}},
      {{{fuse_embeddings(), false},
        {fuse_linear(), false},
        {group_linear(), false},
        {fuse_add_norm(), false},
        {fuse_elementwise(), false}}},
      {{{dead_code()}}},
  };
  return stages;
}

const Pass* find_pass(std::string_view name) {
  for (const Stage& stage : pipeline())
    for (const Entry& entry : stage.entries)
      if (entry.pass.name == name) return &entry.pass;
  return nullptr;
}

void require_known(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    if (find_pass(name) != nullptr) continue;
    std::string known;
    for (const PassInfo& info : list_passes()) known += (known.empty() ? "" : ", ") + info.name;
    fail(ErrorCode::invalid_argument, "there is no pass \"{}\"; expected one of {}", printable(name), known);
  }
}

/// Runs one pass on graphs and their regions, and counts what it did.
class Runner {
 public:
  explicit Runner(std::vector<PassRunReport>& reports) : reports_(reports) {}

  /// Returns true if the graph changed.
  bool run(const Pass& pass, Graph& graph) {
    auto begin = std::chrono::steady_clock::now();
    auto before = static_cast<int>(graph.nodes().size());
    int changes = 0;
    try {
      changes = to_fixed_point(pass, graph);
      if (changes > 0) verify(graph);
    } catch (Error& error) {
      error.in("pass " + pass.name);
      throw;
    }
    auto after = static_cast<int>(graph.nodes().size());
    double time_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    auto it =
        std::find_if(reports_.begin(), reports_.end(), [&](const PassRunReport& r) { return r.name == pass.name; });
    if (it == reports_.end()) {
      reports_.push_back({pass.name, time_ms, changes, before, after});
    } else {
      it->time_ms += time_ms;
      it->changes += changes;
      it->nodes_after = after;
    }
    return changes > 0;
  }

 private:
  int to_fixed_point(const Pass& pass, Graph& graph) {
    int changes = in_regions(pass, graph);
    for (int round = 0; round < pass.max_rounds; ++round) {
      Patch patch(graph);
      pass.run(patch);
      if (patch.empty() && !pass.drops_dead_nodes) break;
      auto nodes = graph.nodes().size();
      Graph next = patch.apply();
      int changed = pass.drops_dead_nodes ? static_cast<int>(nodes - next.nodes().size())
                                          : static_cast<int>(patch.num_replacements());
      if (changed == 0) break;
      changes += changed;
      graph = std::move(next);
    }
    return changes;
  }

  int in_regions(const Pass& pass, Graph& graph) {
    int changes = 0;
    Patch patch(graph);
    for (const Node& node : graph.nodes()) {
      if (node.regions.empty() || node.op->is_elementwise) continue;
      auto regions = node.regions;
      int changed = 0;
      for (auto& region : regions) {
        Graph copy = *region;
        int count = to_fixed_point(pass, copy);
        if (count > 0) region = std::make_shared<const Graph>(std::move(copy));
        changed += count;
      }
      if (changed == 0) continue;
      std::vector<Value> operands;
      for (ValueId id : node.operands) operands.push_back(patch.value(id));
      patch.set_location(node.location);
      auto results = patch.add(*node.op, operands, node.attrs, std::move(regions));
      for (size_t r = 0; r < results.size(); ++r) patch.replace(node.results[r], results[r]);
      changes += changed;
    }
    if (changes > 0) graph = patch.apply();
    return changes;
  }

  std::vector<PassRunReport>& reports_;
};

}  // namespace

Graph run_passes(Graph graph, const PipelineOptions& options, std::vector<PassRunReport>* reports) {
  require_known(options.wanted);
  require_known(options.disabled);
  if (!options.dump_after.empty()) require_known({options.dump_after});
  std::vector<PassRunReport> own;
  Runner runner(reports != nullptr ? *reports : own);
  for (const Stage& stage : pipeline()) {
    for (int sweep = 0; sweep < (stage.repeat ? kMaxSweeps : 1); ++sweep) {
      bool changed = false;
      for (const auto& [pass, portable] : stage.entries) {
        if (options.disabled.contains(pass.name) || (!portable && !options.wanted.contains(pass.name))) continue;
        changed |= runner.run(pass, graph);
        if (options.dump && pass.name == options.dump_after) options.dump(graph);
      }
      if (!changed) break;
    }
  }
  return graph;
}

Graph run_pass(std::string_view name, Graph graph) {
  require_known({std::string(name)});
  std::vector<PassRunReport> reports;
  Runner(reports).run(*find_pass(name), graph);
  return graph;
}

std::vector<PassInfo> list_passes() {
  std::vector<PassInfo> out;
  for (const Stage& stage : pipeline()) {
    for (const auto& [pass, portable] : stage.entries) {
      bool known = std::any_of(out.begin(), out.end(), [&](const PassInfo& info) { return info.name == pass.name; });
      if (!known) out.push_back({pass.name, pass.doc, portable});
    }
  }
  return out;
}

}  // namespace accelerate
