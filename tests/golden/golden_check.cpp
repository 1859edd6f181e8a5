// Compares the golden models (make_models.py) with transformers' outputs.
// golden_check FOLDER... [--device NAME] [--strict] [--tolerance X] [--only TEXT]: a FOLDER is a case or holds cases.
// Every run of a case (other batch, other length) goes through the same compiled model.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "import/open.h"
#include "import/safetensors.h"
#include "ops/evaluate.h"
#include "runtime/session.h"

namespace {

using namespace accelerate;
namespace fs = std::filesystem;

struct Options {
  std::vector<fs::path> folders;
  std::string device = "cpu";
  double tolerance = 2e-5;
  std::string only;
  bool strict = false;
};

enum class Verdict { passed, failed, skipped };

/// Tensors of run `index` of a file: "0.logits" -> "logits".
std::map<std::string, Tensor> run_tensors(const WeightSource& file, int index) {
  std::map<std::string, Tensor> out;
  const std::string prefix = fmt::format("{}.", index);
  for (const std::string& name : file.names()) {
    if (name.starts_with(prefix)) out.emplace(name.substr(prefix.size()), file.read(name));
  }
  return out;
}

/// max|a-b| / max|b|; infinite for another shape, another type or a value that is no number.
double relative_error(const Tensor& a, const Tensor& b) {
  const double infinite = std::numeric_limits<double>::infinity();
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return infinite;
  double difference = 0;
  double largest = 0;
  for (int64_t i = 0; i < b.num_elements(); ++i) {
    if (!std::isfinite(a.get(i))) return infinite;
    difference = std::max(difference, std::abs(a.get(i) - b.get(i)));
    largest = std::max(largest, std::abs(b.get(i)));
  }
  return difference == 0 ? 0 : difference / largest;
}

/// Runs a program either in a session or, for the device "evaluate", node by node with the ops' references.
class Runner {
 public:
  Runner(const Options& options, const import::OpenedModel& model) : model_(model) {
    if (options.device == "evaluate") return;
    SessionOptions session;
    session.device = options.device;
    session.dtype = "f32";
    session.strict = options.strict;
    session_.emplace(session);
    compiled_.emplace(session_->load(model.program, model.weights));
  }

  /// "" or " (ops that ran elsewhere: cumsum on reference)".
  std::string fallbacks() const {
    std::string text;
    if (!compiled_) return text;
    for (const PlacementReport& entry : compiled_->report().placement) {
      if (!entry.reason.empty()) text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", entry.op, entry.backend);
    }
    return text.empty() ? text : "  (ops that ran elsewhere: " + text + ")";
  }

  std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& inputs) const {
    if (compiled_) return compiled_->execute(inputs);
    const Graph& graph = model_.program.main();
    std::vector<Tensor> ordered;
    for (size_t i = 0; i < graph.inputs().size(); ++i) ordered.push_back(inputs.at(graph.input_name(i)));
    const std::vector<Tensor> results = ops::evaluate(graph, ordered, model_.weights.get());
    std::map<std::string, Tensor> out;
    for (size_t i = 0; i < results.size(); ++i) out.emplace(graph.outputs()[i].name, results[i]);
    return out;
  }

 private:
  const import::OpenedModel& model_;
  std::optional<InferenceSession> session_;
  std::optional<Model> compiled_;
};

Verdict check_case(const fs::path& folder, const Options& options) {
  const auto files = open_folder(folder);
  const Json facts = parse_json(files->read("case.json"), "case.json");
  const std::string name = json_string(facts, "name", {});
  const fs::path model_folder = json_string(facts, "folder", folder.string());
  if (!fs::exists(model_folder)) {
    fmt::print("skip {:<48} {} is not here\n", name, model_folder.string());
    return Verdict::skipped;
  }
  const auto inputs = import::SafetensorsSource::open(*files, "inputs.safetensors");
  const auto expected = import::SafetensorsSource::open(*files, "expected.safetensors");
  const import::OpenedModel model = import::open(model_folder, {.architecture = json_string(facts, "class", {})});
  const Runner runner(options, model);

  double worst = 0;
  std::string where;
  const int64_t runs = json_int(facts, "runs", {}, 1, 16);
  for (int run = 0; run < runs; ++run) {
    const std::map<std::string, Tensor> found = runner.run(run_tensors(*inputs, run));
    const std::map<std::string, Tensor> wanted = run_tensors(*expected, run);
    for (const auto& [output, value] : found) {
      if (!wanted.contains(output)) fail(ErrorCode::invalid_graph, "the output '{}' is none of transformers'", output);
    }
    for (const auto& [output, value] : wanted) {
      const auto result = found.find(output);
      if (result == found.end()) fail(ErrorCode::invalid_graph, "the output '{}' is missing", output);
      const double error = relative_error(result->second, value);
      if (error <= worst && !where.empty()) continue;
      worst = error;
      where = fmt::format("{} {} of run {}", output, to_string(value.shape()), run);
    }
  }
  const bool passed = worst <= options.tolerance;
  fmt::print("{} {:<48} {:.2e}  {}{}\n", passed ? "ok  " : "FAIL", name, worst, where, runner.fallbacks());
  return passed ? Verdict::passed : Verdict::failed;
}

std::vector<fs::path> cases_of(const fs::path& folder) {
  if (fs::exists(folder / "case.json")) return {folder};
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "case.json")) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Options parse_arguments(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool takes_value = argument == "--device" || argument == "--tolerance" || argument == "--only";
    if (takes_value && i + 1 == argc) fail(ErrorCode::invalid_argument, "{} needs a value", argument);
    if (argument == "--device") {
      options.device = argv[++i];
    } else if (argument == "--tolerance") {
      options.tolerance = std::stod(argv[++i]);
    } else if (argument == "--strict") {
      options.strict = true;
    } else if (argument == "--only") {
      options.only = argv[++i];
    } else if (argument.starts_with("--")) {
      fail(ErrorCode::invalid_argument, "unknown option {}", argument);
    } else {
      options.folders.emplace_back(argument);
    }
  }
  if (options.folders.empty()) {
    fail(ErrorCode::invalid_argument,
         "usage: golden_check FOLDER... [--device cpu|reference|evaluate|...] [--strict] [--tolerance 2e-5] "
         "[--only TEXT]");
  }
  return options;
}

constexpr int kSkipped = 77;  // exit status: there are no models, because make_models.py could not run

int check_all(const Options& options) {
  int counts[3] = {0, 0, 0};
  for (const fs::path& folder : options.folders) {
    if (!fs::exists(folder)) {
      fmt::print("{} does not exist; make it with make_models.py\n", folder.string());
      return kSkipped;
    }
    for (const fs::path& path : cases_of(folder)) {
      if (path.filename().string().find(options.only) == std::string::npos) continue;
      Verdict verdict = Verdict::failed;
      try {
        verdict = check_case(path, options);
      } catch (const std::exception& e) {
        fmt::print("FAIL {:<48} {}\n", path.filename().string(), e.what());
      }
      ++counts[static_cast<int>(verdict)];
    }
  }
  fmt::print("{} passed, {} failed, {} skipped\n", counts[0], counts[1], counts[2]);
  return counts[1] > 0 || counts[0] == 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return check_all(parse_arguments(argc, argv));
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
  }
}
