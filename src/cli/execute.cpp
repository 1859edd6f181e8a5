#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "import/open.h"
#include "import/safetensors.h"
#include "runtime/states.h"
#include "skills/all_values.h"
#include "tasks/task.h"

namespace accelerate::cli {
namespace {

struct ExecuteOptions {
  std::string model;
  std::string inputs;
  std::string outputs;
  std::string graph = "auto";
  std::string architecture;
  int64_t timeout_ms = 0;
  bool explain = false;
  std::string show;
  std::string values;
  std::string role;
  int64_t prefill = 0;
  DeviceOptions device;
};

using TensorMap = std::map<std::string, Tensor>;

TensorMap read_file_of_tensors(const std::string& path) {
  std::filesystem::path file = path;
  auto folder = open_folder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
  return import::read_safetensors(*folder, file.filename().string());
}

struct Extent {
  double low = INFINITY;
  double high = -INFINITY;
  double sum = 0;
  bool finite = true;
};

Extent extent_of(const Tensor& tensor) {
  Extent out;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    double x = tensor.get(i);
    out.finite = out.finite && std::isfinite(x);
    out.low = std::min(out.low, x);
    out.high = std::max(out.high, x);
    out.sum += x;
  }
  return out;
}

std::string first_values(const Tensor& tensor) {
  std::string out;
  for (int64_t i = 0; i < std::min<int64_t>(tensor.num_elements(), 4); ++i)
    out += fmt::format("{}{:.5g}", i == 0 ? "" : ", ", tensor.get(i));
  return out + (tensor.num_elements() > 4 ? ", ..." : "");
}

Json summary(const TensorMap& tensors) {
  Json out = Json::array();
  for (const auto& [name, tensor] : tensors) {
    Json entry = {{"name", name}, {"dtype", std::string(name_of(tensor.dtype()))}, {"shape", tensor.shape()}};
    Extent extent = extent_of(tensor);
    entry["finite"] = extent.finite;
    if (tensor.num_elements() > 0 && extent.finite) {
      entry["min"] = extent.low;
      entry["max"] = extent.high;
      entry["mean"] = extent.sum / static_cast<double>(tensor.num_elements());
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::string for_person(const TensorMap& tensors) {
  std::vector<std::vector<std::string>> rows = {{"output", "type", "min", "max", "mean", "values"}};
  for (const auto& [name, tensor] : tensors) {
    Extent extent = extent_of(tensor);
    bool any = tensor.num_elements() > 0;
    rows.push_back({name, tensor.type().to_string(), any ? fmt::format("{:.5g}", extent.low) : "",
                    any ? fmt::format("{:.5g}", extent.high) : "",
                    any ? fmt::format("{:.5g}", extent.sum / static_cast<double>(tensor.num_elements())) : "",
                    first_values(tensor)});
  }
  return table(rows, 2);
}

/// The graph that the options name. Errors: invalid_argument that lists the roles.
const Graph& chosen_graph(const Program& program, const ExecuteOptions& options) {
  if (options.role.empty() && (program.graphs.size() == 1 || program.graphs.contains("main"))) return program.main();
  const auto found = program.graphs.find(options.role);
  if (found != program.graphs.end()) return found->second;
  std::string known;
  for (const auto& [role, graph] : program.graphs) known += (known.empty() ? "" : ", ") + role;
  if (options.role.empty())
    fail(ErrorCode::invalid_argument, "the model has several graphs; choose one with --role: {}", known);
  fail(ErrorCode::invalid_argument, "the model has no graph of the role '{}'; it has {}", printable(options.role),
       known);
}

struct Timing {
  double load_ms = 0;
  double execute_ms = 0;
};

void report_outputs(const Cli& cli, const ExecuteOptions& options, const Graph& graph, const ModelReport& report,
                    const TensorMap& outputs, Timing timing) {
  if (!options.outputs.empty()) write_file_atomic(options.outputs, import::safetensors_bytes(outputs));
  if (cli.json) {
    Json out = {{"success", true},
                {"model", options.model},
                {"architecture", graph.name()},
                {"outputs", summary(outputs)},
                {"backend", report.backend},
                {"device", report.device},
                {"requested_device", report.requested_device},
                {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
                {"dtype", report.dtype},
                {"timing", {{"load_ms", timing.load_ms}, {"execute_ms", timing.execute_ms}}}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::string out = for_person(outputs);
  out += fmt::format("\n{} on {} ({}, {}): load {:.1f} ms, execute {:.1f} ms\n", graph.name(), report.device,
                     report.backend, report.dtype, timing.load_ms, timing.execute_ms);
  if (!report.fallback_reason.empty()) out += fmt::format("fallback: {}\n", report.fallback_reason);
  write_out(out);
}

/// The sequence in steps: a first call, then one position a call, with states carried.
void execute_stepwise(const Cli& cli, const ExecuteOptions& options, const import::OpenedModel& opened,
                      const Graph& graph, const TensorMap& inputs) {
  using Clock = std::chrono::steady_clock;
  const auto ms_since = [](Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  auto begin = Clock::now();
  InferenceSession session(options.device.session());
  const StatefulModel model(session, graph, opened.weights);
  Timing timing{ms_since(begin), 0};
  accelerate::ExecuteOptions call;
  call.limits.cancel = cli.cancel;
  if (options.timeout_ms > 0) call.limits.deadline = Clock::now() + std::chrono::milliseconds(options.timeout_ms);
  begin = Clock::now();
  const TensorMap outputs = execute_in_steps(model, inputs, options.prefill, call);
  timing.execute_ms = ms_since(begin);
  report_outputs(cli, options, graph, model.report(), outputs, timing);
}

void execute_model(const Cli& cli, const ExecuteOptions& options) {
  if (options.inputs.empty() && options.show.empty())
    fail(ErrorCode::invalid_argument, "no --inputs; expected a safetensors file with a tensor for each input");
  TensorMap inputs;
  if (!options.inputs.empty()) inputs = read_file_of_tensors(options.inputs);
  Progress progress("loading " + printable(options.model));
  using Clock = std::chrono::steady_clock;
  auto ms_since = [](Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  auto begin = Clock::now();
  import::OpenOptions open;
  open.graph = options.graph;
  open.architecture = options.architecture;
  import::OpenedModel opened = import::open(std::filesystem::path(options.model), open);
  const Graph& graph = chosen_graph(opened.program, options);
  if (!options.values.empty()) {
    auto values = skills::all_values(graph, opened.weights, options.device.session(), inputs);
    write_file_atomic(options.values, import::safetensors_bytes(values));
  }
  if (options.prefill > 0) {
    execute_stepwise(cli, options, opened, graph, inputs);
    return;
  }
  Model model = InferenceSession(options.device.session()).load(graph, opened.weights);
  double load_ms = ms_since(begin);
  if (options.explain && !cli.json) write_out(explain(model.report()) + "\n");
  if (!options.show.empty()) {
    write_out(print(options.show == "plan" ? model.plan() : model.graph()));
    return;
  }

  progress.set("running");
  accelerate::ExecuteOptions call;
  call.limits.cancel = cli.cancel;
  if (options.timeout_ms > 0) call.limits.deadline = Clock::now() + std::chrono::milliseconds(options.timeout_ms);
  begin = Clock::now();
  TensorMap outputs = model.execute(inputs, call);
  report_outputs(cli, options, graph, model.report(), outputs, {load_ms, ms_since(begin)});
}

}  // namespace

void register_execute(Cli& cli) {
  auto options = std::make_shared<ExecuteOptions>();
  CLI::App* execute =
      cli.command("execute", "Run a model's graph on tensors", [&cli, options] { execute_model(cli, *options); });
  execute->add_option("model", options->model, "folder or .pt2 file of the model")->required()->type_name("MODEL");
  execute->add_option("--inputs", options->inputs, "safetensors file with a tensor for each input of the graph")
      ->type_name("FILE");
  execute->add_option("--outputs", options->outputs, "write the outputs to this safetensors file")->type_name("FILE");
  execute
      ->add_option("--values", options->values, "write the values of all nodes, computed without passes, to this file")
      ->type_name("FILE");
  execute->add_option("--graph", options->graph, "whose graph: auto, native or captured")->type_name("KIND");
  execute->add_option("--architecture", options->architecture, "class to build, such as BertModel")->type_name("NAME");
  execute
      ->add_option("--role", options->role,
                   "which graph of a model that has several: encoder, decoder, ... (inspect lists them)")
      ->type_name("ROLE");
  execute
      ->add_option("--prefill", options->prefill,
                   "run a decoder step by step: so many positions in the first call, then one a call, with states")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  execute->add_option("--timeout-ms", options->timeout_ms, "end the run after this time")->type_name("N");
  execute->add_flag("--explain", options->explain, "print what each pass did and what runs where");
  execute->add_option("--show", options->show, "print the graph, or the plan that it was compiled to, and stop")
      ->type_name("graph|plan")
      ->check(CLI::IsMember({"graph", "plan"}));
  execute->add_flag("--json", cli.json, "print JSON");
  options->device.add_to(*execute);
}

}  // namespace accelerate::cli
