#include <algorithm>

#include "backend/backend.h"
#include "backend/exporter.h"
#include "base/file.h"
#include "cli/cli.h"
#include "import/open.h"
#include "passes/pass.h"

namespace accelerate::cli {
namespace {

struct ExportOptions {
  std::string model;
  std::string to;
  std::string output;
  std::string graph = "auto";
  std::string architecture;
  std::string role;
};

/// The backend that writes the format. Errors: invalid_argument that lists all formats.
std::pair<std::unique_ptr<Backend>, const GraphExporter*> exporter_of(const std::string& format) {
  std::string known;
  for (auto& backend : make_all_backends()) {
    const auto* exporter = dynamic_cast<const GraphExporter*>(backend.get());
    if (exporter == nullptr) continue;
    for (const std::string& name : exporter->export_formats()) {
      if (name == format) return {std::move(backend), exporter};
      known += (known.empty() ? "" : ", ") + name;
    }
  }
  fail(ErrorCode::invalid_argument, "--to is '{}'; this build writes: {}", printable(format),
       known.empty() ? "no format" : known);
}

void export_model(const Cli& cli, const ExportOptions& options) {
  auto [backend, exporter] = exporter_of(options.to);
  Progress progress("loading " + printable(options.model));
  import::OpenOptions open;
  open.graph = options.graph;
  open.architecture = options.architecture;
  const import::OpenedModel opened = import::open(std::filesystem::path(options.model), open);
  const auto& graphs = opened.program.graphs;
  const auto found = graphs.find(options.role);
  if (!options.role.empty() && found == graphs.end()) {
    std::string known;
    for (const auto& [role, graph] : graphs) known += (known.empty() ? "" : ", ") + role;
    fail(ErrorCode::invalid_argument, "the model has no graph of the role '{}'; it has {}", printable(options.role),
         known);
  }
  progress.set("writing " + options.to);
  const Graph graph = run_passes(options.role.empty() ? opened.program.main() : found->second, {});
  const std::string text = exporter->export_graph(graph, options.to);
  if (options.output.empty()) {
    write_out(text);
    return;
  }
  write_file_atomic(options.output, text);
  const Json facts = {{"success", true}, {"format", options.to}, {"file", options.output}, {"bytes", text.size()}};
  write_out(cli.json ? facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                     : fmt::format("wrote {} ({} bytes)\n", printable(options.output, 1000), text.size()));
}

}  // namespace

void register_export(Cli& cli) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = cli.command("export", "Write a model's graph in the form of an engine's own tools",
                                  [&cli, options] { export_model(cli, *options); });
  command->add_option("model", options->model, "folder of the model")->required()->type_name("MODEL");
  command->add_option("--to", options->to, "the form: max-mlir, mef (compiled, for this machine alone)")
      ->required()
      ->type_name("FORMAT");
  command->add_option("-o,--output", options->output, "file to write; else standard output")->type_name("FILE");
  command->add_option("--graph", options->graph, "which description of the model: auto, native or captured")
      ->type_name("KIND");
  command->add_option("--architecture", options->architecture, "class of the model, instead of config.json's")
      ->type_name("CLASS");
  command->add_option("--role", options->role, "graph of a model that has several")->type_name("ROLE");
  command->add_flag("--json", cli.json, "print JSON");
}

}  // namespace accelerate::cli
