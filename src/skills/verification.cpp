#include "skills/verification.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "import/safetensors.h"
#include "passes/pass.h"
#include "skills/all_values.h"
#include "tasks/task.h"

namespace accelerate::skills {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMaskLike = 1e30;  // beyond this a value stands for infinity

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// NaN, infinities and masks: what a difference says nothing about.
bool is_special(double x) {
  return !(std::abs(x) < kMaskLike);
}

bool same_special(double a, double b) {
  if (std::isnan(b)) return std::isnan(a);
  return is_special(a) && !std::isnan(a) && std::signbit(a) == std::signbit(b);
}

using TensorMap = std::map<std::string, Tensor>;

struct InputSet {
  TensorMap inputs;
  TensorMap outputs;
};

std::vector<InputSet> read_sets(const FileSet& files) {
  std::vector<InputSet> out;
  for (int k = 0;; ++k) {
    std::string inputs = fmt::format("inputs-{}.safetensors", k);
    std::string outputs = fmt::format("outputs-{}.safetensors", k);
    if (k > 0 && !files.contains(inputs)) return out;
    out.push_back({import::read_safetensors(files, inputs), import::read_safetensors(files, outputs)});
  }
}

/// The inputs that the graph takes; a model may ignore some that its class accepts.
TensorMap for_graph(const Graph& graph, const TensorMap& given) {
  TensorMap out;
  for (const auto& [name, tensor] : given)
    if (graph.find_input(name)) out.emplace(name, tensor);
  return out;
}

/// Compares what a run gave with the reference; stops at nothing. Returns true if all agree.
bool compare_set(const TensorMap& got, const InputSet& set, int number, double tolerance, bool all_outputs,
                 std::vector<OutputAgreement>& out) {
  bool all = true;
  for (const auto& [name, expected] : set.outputs) {
    auto it = got.find(name);
    if (it == got.end() && !all_outputs) continue;
    OutputAgreement agreement;
    if (it == got.end()) {
      agreement.reason = "the graph has no output of this name";
    } else {
      agreement = compare(it->second, expected, tolerance);
    }
    agreement.name = name;
    agreement.set = number;
    all = all && agreement.agrees;
    out.push_back(std::move(agreement));
  }
  return all;
}

/// Searches for what makes a model disagree.
class Locator {
 public:
  Locator(const import::OpenedModel& opened, const VerificationOptions& options, const std::vector<InputSet>& sets,
          size_t failing)
      : opened_(opened), options_(options), set_(sets[failing]) {}

  Json find() {
    if (!agrees("reference", all_pass_names())) return {{"kind", "graph"}};
    for (const PassInfo& pass : list_passes())
      if (agrees(options_.session.device, {pass.name})) return {{"kind", "pass"}, {"name", pass.name}};
    std::string op = first_divergent_op();
    return op.empty() ? Json() : Json{{"kind", "kernel"}, {"name", op}};
  }

 private:
  Model load(const Graph& graph, const std::string& device, std::vector<std::string> disabled) const {
    SessionOptions session = options_.session;
    session.device = device;
    session.disabled_passes = std::move(disabled);
    return InferenceSession(session).load(graph, opened_.weights);
  }

  bool agrees(const std::string& device, std::vector<std::string> disabled) const {
    try {
      Model model = load(opened_.program.main(), device, std::move(disabled));
      std::vector<OutputAgreement> ignored;
      return compare_set(model.execute(for_graph(model.graph(), set_.inputs)), set_, 0, options_.tolerance,
                         options_.all_outputs, ignored);
    } catch (const Error&) {
      return false;
    }
  }

  /// The op of the first node whose value differs between the device and the reference.
  std::string first_divergent_op() const {
    const Graph& graph = opened_.program.main();
    try {
      auto inputs = for_graph(graph, set_.inputs);
      SessionOptions reference = options_.session;
      reference.device = "reference";
      auto expected = all_values(graph, opened_.weights, reference, inputs);
      auto got = all_values(graph, opened_.weights, options_.session, inputs);
      for (size_t n = 0; n < graph.nodes().size(); ++n) {
        const std::string& op = graph.nodes()[n].op->name;
        const std::string name = fmt::format("{:06}.{}", n, op);
        for (auto it = got.lower_bound(name); it != got.end() && it->first.starts_with(name); ++it)
          if (!compare(it->second, expected.at(it->first), options_.tolerance).agrees) return op;
      }
    } catch (const Error&) {
    }
    return "";
  }

  const import::OpenedModel& opened_;
  const VerificationOptions& options_;
  const InputSet& set_;
};

/// The op in the context of an error that came through a node: "op(types) at location".
Json culprit_of(const Error& error) {
  for (const std::string& frame : error.context()) {
    size_t end = frame.find_first_of("( ");
    if (end != std::string::npos && end > 0 && frame[end] == '(')
      return {{"kind", "op"}, {"name", frame.substr(0, end)}};
  }
  return {};
}

}  // namespace

OutputAgreement compare(const Tensor& a, const Tensor& b, double tolerance) {
  OutputAgreement out;
  out.type = b.type().to_string();
  if (a.shape() != b.shape() || (a.dtype() != b.dtype() && !(is_float(a.dtype()) && is_float(b.dtype())))) {
    out.reason = fmt::format("the type is {}; expected {}", a.type().to_string(), b.type().to_string());
    return out;
  }
  int64_t count = b.num_elements();
  int64_t different = 0;
  if (!is_float(b.dtype())) {
    for (int64_t i = 0; i < count; ++i) different += a.get_int(i) == b.get_int(i) ? 0 : 1;
    out.max_abs = static_cast<double>(different);
    out.max_rel = count > 0 ? static_cast<double>(different) / static_cast<double>(count) : 0;
    out.agrees = different == 0;
    if (!out.agrees) out.reason = fmt::format("{} of {} whole numbers differ", different, count);
    return out;
  }
  double largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    double x = a.get(i);
    double y = b.get(i);
    if (is_special(y)) {
      different += same_special(x, y) ? 0 : 1;
      continue;
    }
    largest = std::max(largest, std::abs(y));
    // A NaN or infinity where the reference is finite counts as the largest difference there is.
    double error = is_special(x) ? INFINITY : std::abs(x - y);
    out.max_abs = std::max(out.max_abs, error);
  }
  out.max_rel = out.max_abs == 0 ? 0 : largest > 0 ? out.max_abs / largest : INFINITY;
  out.agrees = different == 0 && out.max_rel <= tolerance;
  if (different > 0) {
    out.reason = fmt::format("{} infinities, NaN or masks of {} elements differ", different, count);
  } else if (!out.agrees) {
    out.reason = fmt::format("max|a-b|/max|b| is {:.2g}; allowed {:.2g}", out.max_rel, tolerance);
  }
  return out;
}

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::import: return "import";
    case Stage::compile: return "compile";
    case Stage::execute: return "execute";
    case Stage::compare: return "compare";
    case Stage::passed: return "passed";
  }
  return "import";
}

Verification verify_folder(const std::filesystem::path& folder, const VerificationOptions& options) {
  const auto files = import::open_model_files(folder);
  return verify_files(files, *files, options);
}

Verification verify_files(const std::shared_ptr<FileSet>& files, const FileSet& recorded,
                          const VerificationOptions& options) {
  std::vector<InputSet> sets = read_sets(recorded);
  Verification out;
  out.num_sets = static_cast<int>(sets.size());
  try {
    auto begin = Clock::now();
    import::OpenedModel opened = import::open(files, options.open);
    out.import_ms = ms_since(begin);
    out.num_nodes = static_cast<int>(opened.program.main().nodes().size());

    out.stage = Stage::compile;
    begin = Clock::now();
    Model model = InferenceSession(options.session).load(opened.program, opened.weights);
    out.compile_ms = ms_since(begin);
    out.report = model.report();

    out.stage = Stage::execute;
    std::optional<size_t> failing;
    for (size_t k = 0; k < sets.size(); ++k) {
      begin = Clock::now();
      TensorMap got;
      try {
        got = model.execute(for_graph(model.graph(), sets[k].inputs));
      } catch (Error& error) {
        error.in(fmt::format("inputs-{}", k));
        throw;
      }
      if (k == 0) out.execute_ms = ms_since(begin);
      if (!compare_set(got, sets[k], static_cast<int>(k), options.tolerance, options.all_outputs, out.outputs) &&
          !failing)
        failing = k;
    }
    out.stage = failing ? Stage::compare : Stage::passed;
    for (const OutputAgreement& o : out.outputs) {
      out.max_rel = std::max(out.max_rel, o.max_rel);
      if (!o.agrees && out.reason.empty())
        out.reason = fmt::format("output {} {} of inputs-{}: {}", o.name, o.type, o.set, o.reason);
    }
    if (out.outputs.empty()) {
      out.stage = Stage::compare;
      out.reason = "the graph has none of the outputs that are recorded";
    }
    if (failing && options.locate) out.culprit = Locator(opened, options, sets, *failing).find();
  } catch (const Error& error) {
    out.error_code = name_of(error.code());
    out.reason = error.what();
    out.culprit = culprit_of(error);
  }
  return out;
}

Json to_json(const Verification& v) {
  Json outputs = Json::array();
  for (const OutputAgreement& o : v.outputs) {
    Json entry = {{"name", o.name}, {"type", o.type}, {"set", o.set}, {"agrees", o.agrees}};
    // JSON has no infinity.
    entry["max_abs"] = std::isfinite(o.max_abs) ? Json(o.max_abs) : Json("infinite");
    entry["max_rel"] = std::isfinite(o.max_rel) ? Json(o.max_rel) : Json("infinite");
    if (!o.reason.empty()) entry["reason"] = o.reason;
    outputs.push_back(std::move(entry));
  }
  return {{"passed", v.passed()},
          {"stage", std::string(name_of(v.stage))},
          {"error_code", v.error_code.empty() ? Json() : Json(v.error_code)},
          {"reason", v.reason},
          {"culprit", v.culprit},
          {"sets", v.num_sets},
          {"nodes", v.num_nodes},
          {"import_ms", v.import_ms},
          {"compile_ms", v.compile_ms},
          {"execute_ms", v.execute_ms},
          {"max_rel", std::isfinite(v.max_rel) ? Json(v.max_rel) : Json("infinite")},
          {"backend", v.report.backend},
          {"device", v.report.device},
          {"requested_device", v.report.requested_device},
          {"fallback_reason", v.report.fallback_reason.empty() ? Json() : Json(v.report.fallback_reason)},
          {"outputs", std::move(outputs)}};
}

}  // namespace accelerate::skills
