#include "cli/cli.h"
#include "cli/compiled.h"
#include "cli/show.h"
#include "tasks/task.h"

namespace accelerate::cli {
namespace {

struct CompileOptions {
  std::string model;
  std::string task;
  std::string output;
  DeviceOptions device;
};

void compile_model(const Cli& cli, const CompileOptions& options) {
  // The key of this user is needed at the end, and lies outside of the folder.
  const char* before = std::getenv("ACCELERATE_CACHE_DIR");
  const std::string cache = before == nullptr ? "" : before;
  compile_into(options.output);
  Progress progress("compiling " + printable(options.model));
  tasks::TaskOptions open;
  open.task = options.task;
  open.session = options.device.session();
  open.session.progress = [&progress](std::string_view what) { progress.set(std::string(what)); };
  open.session.load_limits.cancel = cli.cancel;
  const tasks::Task task = tasks::Task::open(options.model, open);
  const ModelReport& report = task.model().compiled.report();
  if (cache.empty()) {
    unsetenv("ACCELERATE_CACHE_DIR");
  } else {
    setenv("ACCELERATE_CACHE_DIR", cache.c_str(), 1);
  }
  if (!report.fallback_reason.empty() && options.device.strict)
    fail(ErrorCode::compile_failed, "{}", report.fallback_reason);
  Json facts = {{"model", task.model().opened.folder->root()->description()},
                {"task", task.definition().name},
                {"device", report.requested_device == "auto" ? report.backend : report.requested_device},
                {"backend", report.backend},
                {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
                {"dtype", report.dtype},
                {"graph", report.graph_hash},
                {"regions", report.regions.size()},
                {"compile_ms", report.compile_ms}};
  seal_compiled(options.output, facts);
  if (cli.json) {
    write_out(facts.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  write_out(fmt::format("compiled {} for {} in {:.1f} s: {} regions, {:.1f}% of the work; run it with --compiled {}\n",
                        printable(options.model), facts["device"].get<std::string>(), report.compile_ms / 1000,
                        report.regions.size(), 100 * report.flops_share, printable(options.output, 1000)));
  if (!report.fallback_reason.empty()) write_out(fmt::format("fallback: {}\n", report.fallback_reason));
}

}  // namespace

void register_compile(Cli& cli) {
  auto options = std::make_shared<CompileOptions>();
  CLI::App* command = cli.command("compile", "Compile a model ahead of time, for this machine and user",
                                  [&cli, options] { compile_model(cli, *options); });
  command->add_option("model", options->model, "folder of the model")->required()->type_name("MODEL");
  command->add_option("--task", options->task, "task whose graph is compiled")->type_name("TASK");
  command->add_option("-o,--output", options->output, "folder to write")->required()->type_name("FOLDER");
  command->add_flag("--json", cli.json, "print JSON");
  options->device.add_to(*command);
}

}  // namespace accelerate::cli
