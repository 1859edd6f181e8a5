// Conformance of a backend that takes regions: many cases of src/ops/*_cases.cpp in one region, since one compilation
// may take the engine minutes. A region that the engine refuses is halved until the cases at fault are found.
//
//   op_conformance --regions BACKEND [--gaps FILE] [--per-op N] [--op NAME]... [--batch N] [--sample N] [--minutes N]
//   [--verbose]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "ops/evaluate.h"
#include "ops/registry.h"
#include "tests/conformance/case_table.h"
#include "tests/conformance/checks.h"
#include "tests/conformance/compare.h"

namespace accelerate::test {
namespace {

constexpr int kRegionsSkipped = 77;

struct RegionOptions {
  std::string backend;
  std::string gaps_file;
  std::set<std::string> ops;
  size_t per_op = 1;
  size_t batch = 40;
  size_t sample = 0;  // cases, spread evenly over the ops; 0: all
  double minutes = 6;
  bool verbose = false;
};

/// A case, written in ops that the backend takes.
struct RegionCase {
  const ops::OpCase* op_case = nullptr;
  Graph graph;
  std::string name() const { return op_case->op() + "/" + op_case->name(); }
};

/// Adds the case to a region; its dims get names of their own. Returns the results.
std::vector<Value> append_case(Graph& to, const Graph& from, const std::string& prefix) {
  auto renamed = [&](const Shape& shape) {
    Shape out;
    for (const Dim& d : shape)
      out.push_back(d.substitute([&](const std::string& s) { return std::optional<Dim>(Dim::symbol(prefix + s)); }));
    return out;
  };
  std::vector<Value> values(from.num_values());
  for (size_t i = 0; i < from.inputs().size(); ++i) {
    ValueId id = from.inputs()[i];
    TensorType type = from.type_of(id);
    type.shape = renamed(type.shape);
    values[id] = to.add_input(prefix + from.input_name(i), type);
  }
  for (const Node& node : from.nodes()) {
    std::vector<Value> operands;
    for (ValueId id : node.operands) operands.push_back(values[id]);
    Attrs attrs = node.attrs;
    for (const auto& [key, attr] : node.attrs.map())
      if (const auto* dims = std::get_if<Shape>(&attr)) attrs.set(key, renamed(*dims));
    auto results = to.add(*node.op, operands, attrs, node.regions);
    for (size_t r = 0; r < results.size(); ++r) values[node.results[r]] = results[r];
  }
  std::vector<Value> out;
  for (const auto& output : from.outputs()) out.push_back(values[output.value]);
  return out;
}

class RegionRunner {
 public:
  explicit RegionRunner(RegionOptions options) : options_(std::move(options)) {}

  int run() {
    for (auto& candidate : make_all_backends())
      if (candidate->name() == options_.backend) backend_ = std::move(candidate);
    if (backend_ == nullptr || !backend_->takes_regions()) {
      std::printf("skipped: this build has no backend %s that takes regions\n", options_.backend.c_str());
      return kRegionsSkipped;
    }
    ProbeResult probe = backend_->probe();
    if (!probe.available) {
      std::printf("skipped: %s: %s\n", options_.backend.c_str(), probe.reason.c_str());
      return kRegionsSkipped;
    }
    device_ = probe.devices.at(0).name;
    stream_ = backend_->make_stream(executor_);
    for (const ops::CaseFile& file : ops::all_case_files()) file.add(cases_);
    std::vector<RegionCase> all = choose();
    all = sampled(std::move(all));
    std::printf("%s %s: %zu cases of %zu ops that it takes\n", options_.backend.c_str(), probe.version.c_str(),
                all.size(), chosen_.size());
    std::fflush(stdout);
    for (size_t begin = 0; begin < all.size(); begin += options_.batch) {
      if (elapsed_minutes() > options_.minutes) {
        skipped_ += static_cast<int>(all.size() - begin);
        std::printf("skipped %zu cases: the time of %.1f minutes is over\n", all.size() - begin, options_.minutes);
        break;
      }
      std::vector<const RegionCase*> batch;
      for (size_t i = begin; i < std::min(begin + options_.batch, all.size()); ++i) batch.push_back(&all[i]);
      run_batch(batch);
      std::fflush(stdout);
    }
    if (options_.ops.empty() && !options_.gaps_file.empty()) check_gaps();
    std::printf("%d passed, %d failed, %d skipped\n", passed_, failed_, skipped_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  double elapsed_minutes() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count() / 60;
  }

  std::optional<std::string> why_not(const Graph& graph, const Node& node) const {
    for (const auto* ids : {&node.operands, &node.results})
      for (ValueId id : *ids)
        for (const Dim& d : graph.type_of(id).shape)
          if (d.has_unbacked()) return node.op->name + " has extents that only data gives";
    if (node.op->has_effects || (!node.regions.empty())) return node.op->name + " has regions or keeps state";
    if (node.op->is_view || node.op->name == "constant") return std::nullopt;
    return backend_->why_not_in_region(
        {graph, node, [](ValueId) { return Tensor(); }, [](ValueId) { return false; }, ComputeType::f32});
  }

  /// The graph in ops that the backend takes; nothing, and why, if there is no such form.
  std::optional<Graph> form(Graph graph, std::string& reason) const {
    for (int round = 0; round < 8; ++round) {
      bool all = true;
      Patch patch(graph);
      for (const Node& node : graph.nodes()) {
        auto why = why_not(graph, node);
        if (!why) continue;
        all = false;
        if (!node.op->expand) {
          if (reason.empty()) reason = *why;
          continue;
        }
        std::vector<Value> operands;
        for (ValueId id : node.operands) operands.push_back(patch.value(id));
        auto results = node.op->expand(patch, node, operands);
        for (size_t r = 0; r < results.size(); ++r) patch.replace(node.results[r], results[r]);
      }
      if (all) return graph;
      if (!reason.empty() || patch.empty()) return std::nullopt;
      graph = patch.apply();
    }
    return std::nullopt;
  }

  /// The first cases of each op that the backend takes, ops in turn.
  std::vector<RegionCase> choose() {
    std::map<std::string, std::vector<RegionCase>> by_op;
    for (const ops::OpCase& op_case : cases_.all()) {
      if (!options_.ops.empty() && !options_.ops.contains(op_case.op())) continue;
      auto& list = by_op[op_case.op()];
      if (list.size() >= options_.per_op) continue;
      std::string reason;
      auto graph = form(op_case.graph(), reason);
      if (graph) {
        list.push_back({&op_case, std::move(*graph)});
      } else if (!reasons_.contains(op_case.op())) {
        reasons_[op_case.op()] = reason;
      }
    }
    std::vector<RegionCase> out;
    for (auto& [op, list] : by_op) {
      if (!list.empty()) chosen_.insert(op);
      for (RegionCase& c : list) out.push_back(std::move(c));
    }
    return out;
  }

  std::vector<RegionCase> sampled(std::vector<RegionCase> all) const {
    if (options_.sample == 0 || options_.sample >= all.size()) return all;
    std::vector<RegionCase> out;
    for (size_t i = 0; i < options_.sample; ++i) out.push_back(std::move(all[i * all.size() / options_.sample]));
    return out;
  }

  void run_batch(std::span<const RegionCase* const> batch) {
    Graph graph("cases");
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < batch.size(); ++i) {
      std::string prefix = "c" + std::to_string(i) + "_";
      for (Value v : append_case(graph, batch[i]->graph, prefix)) graph.output(v);
      for (const Tensor& t : batch[i]->op_case->inputs()) inputs.push_back(t);
    }
    std::vector<Tensor> results;
    try {
      results = execute(graph, inputs);
    } catch (const Error& error) {
      if (batch.size() == 1) {
        fail_case(*batch[0], error.what());
        return;
      }
      std::printf("a region of %zu cases fails (%s): halved\n", batch.size(), error.what());
      run_batch(batch.subspan(0, batch.size() / 2));
      run_batch(batch.subspan(batch.size() / 2));
      return;
    }
    size_t at = 0;
    for (const RegionCase* c : batch) {
      auto expected = ops::evaluate(c->op_case->graph(), c->op_case->inputs());
      Tolerance tolerance{numerics_of(c->op_case->graph()), c->op_case->reduction_length(),
                          c->op_case->tolerance_factor()};
      std::optional<std::string> wrong;
      for (const Tensor& e : expected) {
        if (!wrong) wrong = difference(results.at(at), e, tolerance);
        ++at;
      }
      if (wrong) {
        fail_case(*c, *wrong);
      } else {
        ++passed_;
        ran_.insert(c->op_case->op());
        if (options_.verbose) std::printf("ok   %s\n", c->name().c_str());
      }
    }
  }

  std::vector<Tensor> execute(const Graph& graph, std::span<const Tensor> inputs) {
    CompiledRegion compiled = backend_->compile_region(
        {graph, std::make_shared<MemoryWeights>(), ComputeType::f32, device_}, {executor_, nullptr, {}});
    DimBindings dims = ops::bind_dims(graph, inputs);
    std::vector<std::vector<int64_t>> in;
    std::vector<std::vector<int64_t>> out;
    std::vector<const void*> in_pointers;
    std::vector<void*> out_pointers;
    std::vector<Tensor> results;
    for (const Tensor& t : inputs) {
      in.push_back(t.shape());
      in_pointers.push_back(t.data());
    }
    for (const auto& output : graph.outputs()) {
      const TensorType& type = graph.type_of(output.value);
      out.push_back(evaluate(type.shape, dims));
      results.emplace_back(type.dtype, out.back());
      out_pointers.push_back(results.back().data());
    }
    auto launch = compiled.kernel->specialize({in, out, dims, executor_.num_threads()});
    auto scratch = allocate_aligned(launch->scratch_bytes());
    launch->record(*stream_, {in_pointers, out_pointers, scratch.get()});
    stream_->synchronize();
    return results;
  }

  void fail_case(const RegionCase& c, const std::string& what) {
    ++failed_;
    std::printf("FAIL %s: %s\n", c.name().c_str(), what.c_str());
  }

  /// Every op with cases ran, or is listed; what is listed does not run.
  void check_gaps() {
    std::ifstream file(options_.gaps_file);
    std::set<std::string> listed;
    for (std::string line; std::getline(file, line);) {
      line = line.substr(0, line.find('#'));
      line.erase(line.find_last_not_of(" \t\r") + 1);
      if (!line.empty()) listed.insert(line);
    }
    for (const auto& [op, reason] : reasons_) {
      if (chosen_.contains(op)) continue;
      if (listed.erase(op) == 0) {
        ++failed_;
        std::printf("FAIL %s is in no region and not listed in known_gaps.txt: %s\n", op.c_str(), reason.c_str());
      } else {
        ++passed_;
      }
    }
    for (const std::string& op : listed) {
      ++failed_;
      std::printf("FAIL %s is listed in known_gaps.txt and runs, or is no op: take the line out\n", op.c_str());
    }
  }

  RegionOptions options_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::unique_ptr<Backend> backend_;
  std::string device_;
  Executor executor_;
  std::unique_ptr<Stream> stream_;
  ops::OpCases cases_;
  std::set<std::string> chosen_;
  std::set<std::string> ran_;
  std::map<std::string, std::string> reasons_;  // by op: why its first case has no form
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
};

}  // namespace

int run_regions(int argc, char** argv) {
  RegionOptions options;
  for (int i = 2; i < argc; ++i) {
    std::string argument = argv[i];
    bool value = i + 1 < argc;
    if (argument == "--gaps" && value) {
      options.gaps_file = argv[++i];
    } else if (argument == "--op" && value) {
      options.ops.insert(argv[++i]);
    } else if (argument == "--per-op" && value) {
      options.per_op = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--batch" && value) {
      options.batch = std::max<size_t>(1, std::strtoul(argv[++i], nullptr, 10));
    } else if (argument == "--sample" && value) {
      options.sample = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--minutes" && value) {
      options.minutes = std::strtod(argv[++i], nullptr);
    } else if (argument == "--verbose") {
      options.verbose = true;
    } else if (options.backend.empty() && !argument.starts_with("-")) {
      options.backend = argument;
    } else {
      options.backend.clear();
      break;
    }
  }
  if (options.backend.empty()) {
    std::fprintf(stderr,
                 "usage: op_conformance --regions BACKEND [--gaps FILE] [--per-op N] [--op NAME]... [--batch N] "
                 "[--sample N] [--minutes N] "
                 "[--verbose]\n");
    return 2;
  }
  try {
    return RegionRunner(options).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace accelerate::test
