#include <algorithm>
#include <map>

#include "cli/cli.h"
#include "cli/show.h"
#include "import/open.h"
#include "import/pt2/components.h"
#include "tasks/registry.h"
#include "tasks/synthetic.h"

namespace accelerate::cli {
namespace {

struct InspectOptions {
  std::string model;
  std::string task;
  int64_t batch = 0;
  int64_t sequence = 0;
  bool graph = false;
  DeviceOptions device;
};

struct WeightSum {
  int64_t parameters = 0;
  size_t bytes = 0;
};

/// What the graph refers to, by stored type.
std::map<std::string, WeightSum> weights_by_type(const Graph& graph) {
  std::map<std::string, WeightSum> out;
  for (const Node& node : graph.nodes()) {
    if (node.op->name != "weight") continue;
    const TensorType& type = graph.type_of(node.results[0]);
    const int64_t elements = num_elements(type.shape).constant().value_or(0);
    WeightSum& sum = out[std::string(name_of(type.dtype))];
    sum.parameters += elements;
    sum.bytes += static_cast<size_t>(elements) * size_of(type.dtype);
  }
  return out;
}

std::map<std::string, int> ops_of(const Graph& graph) {
  std::map<std::string, int> out;
  for (const Node& node : graph.nodes()) ++out[node.op->name];
  return out;
}

Json values_json(const Graph& graph) {
  Json inputs = Json::array();
  for (size_t i = 0; i < graph.inputs().size(); ++i)
    inputs.push_back({{"name", graph.input_name(i)}, {"type", graph.type_of(graph.inputs()[i]).to_string()}});
  Json outputs = Json::array();
  for (const Graph::Output& output : graph.outputs())
    outputs.push_back({{"name", output.name}, {"type", graph.type_of(output.value).to_string()}});
  return {{"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}};
}

std::string histogram(const std::map<std::string, int>& ops) {
  std::vector<std::pair<std::string, int>> order(ops.begin(), ops.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  for (const auto& [name, count] : order) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, name);
  return out;
}

/// Inputs, outputs and ops of each graph of a model that has several.
Json graphs_json(const Program& program) {
  Json out = Json::object();
  for (const auto& [role, graph] : program.graphs) {
    out[role] = values_json(graph);
    out[role]["ops"] = ops_of(graph);
  }
  return out;
}

std::string graphs_text(const Json& graphs, const std::string& links) {
  std::string out;
  for (const auto& [role, graph] : graphs.items()) {
    int count = 0;
    for (const auto& [op, number] : graph["ops"].items()) count += number.get<int>();
    out += fmt::format("\n{}, {} ops: {}\n", role, count, histogram(graph["ops"].get<std::map<std::string, int>>()));
    for (const char* const side : {"inputs", "outputs"})
      for (const Json& value : graph[side])
        out += fmt::format("  {:8} {}: {}\n", side, value["name"].get<std::string>(), value["type"].get<std::string>());
  }
  return out + (links.empty() ? "" : fmt::format("\nlinks: {}\n", links));
}

std::string links_of(const Program& program) {
  const auto found = program.metadata.find("links");
  return found == program.metadata.end() ? "" : found->second;
}

/// A model that is several graphs and none of the whole.
void inspect_components(const Cli& cli, const InspectOptions& options, std::shared_ptr<FileSet> files) {
  const import::OpenedModel opened = import::open(std::move(files));
  const Program& program = opened.program;
  if (options.graph && !cli.json) {
    write_out(print(program));
    return;
  }
  Json facts = {{"model", opened.folder->root()->description()},
                {"architecture", program.name},
                {"model_type", opened.folder->model_type()},
                {"graphs", graphs_json(program)},
                {"links", links_of(program)},
                {"unused_weights", opened.unused_weights.size()}};
  if (options.graph) facts["graph"] = print(program);
  write_out(
      cli.json ? facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
               : fmt::format("{} ({}), {} graphs\n", program.name, opened.folder->model_type(), program.graphs.size()) +
                     graphs_text(facts["graphs"], links_of(program)));
}

Json facts_of(const tasks::Task& task, const InspectOptions& options) {
  const tasks::TaskModel& model = task.model();
  const Graph& graph = model.compiled.graph();
  const ModelReport& report = model.compiled.report();
  Json out = values_json(graph);
  out["model"] = model.opened.folder->root()->description();
  out["architecture"] = graph.name();
  out["model_type"] = model.opened.folder->model_type();
  out["task"] = task.definition().name;
  out["ops"] = ops_of(graph);
  out["plan_ops"] = ops_of(model.compiled.plan());
  int64_t parameters = 0;
  Json weights = Json::object();
  for (const auto& [type, sum] : weights_by_type(graph)) {
    parameters += sum.parameters;
    weights[type] = {{"parameters", sum.parameters}, {"bytes", sum.bytes}};
  }
  out["parameters"] = parameters;
  out["weights"] = std::move(weights);
  out["unused_weights"] = model.opened.unused_weights.size();
  out["max_tokens"] = model.max_tokens ? Json(*model.max_tokens) : Json();
  out["backend"] = report.backend;
  out["device"] = report.device;
  out["requested_device"] = report.requested_device;
  out["fallback_reason"] = report.fallback_reason.empty() ? Json() : Json(report.fallback_reason);
  out["dtype"] = report.dtype;
  out["compiled"] = tasks::to_json(report);
  if (model.opened.program.graphs.size() > 1) {
    out["graphs"] = graphs_json(model.opened.program);
    out["links"] = links_of(model.opened.program);
  }
  if (options.batch > 0 || options.sequence > 0) {
    tasks::SyntheticSize size;
    if (options.batch > 0) size.batch = options.batch;
    if (options.sequence > 0) size.sequence = options.sequence;
    const DimBindings dims = tasks::synthetic_dims(model, graph, size);
    model.compiled.execute(tasks::synthetic_inputs(model, graph, dims));
    Json extents = Json::object();
    for (const auto& [symbol, value] : dims) extents[symbol] = value;
    out["activations"] = {{"extents", std::move(extents)},
                          {"bytes", model.compiled.arena_bytes()},
                          {"gflop", tasks::count_flops(graph, dims) / 1e9}};
  }
  return out;
}

std::string for_person(const tasks::Task& task, const Json& facts) {
  std::string out = fmt::format("{} ({}), for {}\n", facts["architecture"].get<std::string>(),
                                facts["model_type"].get<std::string>(), task.definition().name);
  for (const char* const side : {"inputs", "outputs"}) {
    for (const Json& value : facts[side])
      out += fmt::format("  {:8} {}: {}\n", side, value["name"].get<std::string>(), value["type"].get<std::string>());
  }
  out += fmt::format("{:.2f} M parameters", facts["parameters"].get<double>() / 1e6);
  for (const auto& [type, sum] : facts["weights"].items())
    out += fmt::format(", {} in {}", bytes_text(sum["bytes"].get<double>()), type);
  if (facts["unused_weights"] != 0)
    out += fmt::format("; {} tensors of the files are not used", facts["unused_weights"].get<size_t>());
  if (!facts["max_tokens"].is_null()) out += fmt::format("\nat most {} tokens", facts["max_tokens"].get<size_t>());
  const Model& model = task.model().compiled;
  out += fmt::format("\n\ngraph, {} ops: {}\n", model.graph().nodes().size(), histogram(ops_of(model.graph())));
  out += fmt::format("plan, {} ops: {}\n", model.plan().nodes().size(), histogram(ops_of(model.plan())));
  if (facts.contains("activations")) {
    std::string extents;
    for (const auto& [symbol, value] : facts["activations"]["extents"].items())
      extents += fmt::format("{}{} {}", extents.empty() ? "" : ", ", symbol, value.get<int64_t>());
    out += fmt::format("activations for {}: {}; {:.2f} GFLOP\n", extents,
                       bytes_text(facts["activations"]["bytes"].get<double>()),
                       facts["activations"]["gflop"].get<double>());
  }
  if (facts.contains("graphs")) out += graphs_text(facts["graphs"], facts["links"].get<std::string>());
  return out + "\n" + explain(model.report());
}

void inspect_model(const Cli& cli, const InspectOptions& options) {
  Progress progress("loading " + printable(options.model));
  if (const auto files = import::open_model_files(options.model);
      files->contains(import::kComponents) && !files->contains("model.pt2")) {
    inspect_components(cli, options, files);
    return;
  }
  tasks::TaskOptions open;
  open.task = options.task;
  open.session = options.device.session();
  const tasks::Task task = tasks::Task::open(options.model, open);
  if (options.graph && !cli.json) {
    write_out(print(task.model().compiled.graph()));
    return;
  }
  Json facts = facts_of(task, options);
  if (options.graph) facts["graph"] = print(task.model().compiled.graph());
  write_out(cli.json ? facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : for_person(task, facts));
}

}  // namespace

void register_inspect(Cli& cli) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* inspect = cli.command("inspect", "Show a model's graph, parameters, plan and memory",
                                  [&cli, options] { inspect_model(cli, *options); });
  inspect->add_option("model", options->model, "folder of the model")->required()->type_name("MODEL");
  inspect->add_option("--task", options->task, "task whose graph is shown")->type_name("TASK");
  inspect->add_option("--batch", options->batch, "show the memory of activations for this batch")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 16));
  inspect->add_option("--sequence", options->sequence, "and for this number of tokens")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20));
  inspect->add_flag("--graph", options->graph, "print the graph in its text form");
  inspect->add_flag("--json", cli.json, "print JSON");
  options->device.add_to(*inspect);
}

}  // namespace accelerate::cli
