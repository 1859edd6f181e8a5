#include <filesystem>

#include "cli/cli.h"
#include "cli/store_support.h"
#include "hardware/recommend.h"
#include "hardware/report.h"
#include "import/open.h"
#include "runtime/session.h"
#include "tasks/synthetic.h"

namespace accelerate::cli {
namespace {

void print_info(Cli& cli) {
  const hardware::Report report = hardware::report();
  if (cli.json) {
    write_out(hardware::to_json(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::string out = fmt::format("{}: {} cores, {}, kernels for {}\n\n", report.cpu, report.cores,
                                bytes_text(static_cast<double>(report.memory_bytes)), report.isa);
  std::vector<std::vector<std::string>> rows = {{"backend", "available", "devices, or why not", "needs"}};
  for (const hardware::BackendReport& backend : report.backends) {
    std::string what = backend.probe.reason;
    if (backend.probe.available) {
      what.clear();
      for (const DeviceInfo& device : backend.probe.devices)
        what +=
            (what.empty() ? "" : ", ") + device.name + (device.description.empty() ? "" : ": " + device.description);
      if (!backend.probe.version.empty()) what += " (" + backend.probe.version + ")";
    }
    rows.push_back(
        {backend.name, backend.probe.available ? "yes" : "no", fitted(what, 90), fitted(backend.probe.needs, 60)});
  }
  write_out(out + table(rows, 4));
}

void run_tests(Cli& cli) {
  const std::vector<hardware::SmokeResult> results = hardware::smoke_test();
  std::string failed;
  for (const hardware::SmokeResult& result : results) {
    if (!result.passed) failed += (failed.empty() ? "" : ", ") + result.backend + ": " + result.message;
  }
  if (cli.json) {
    const Json out = {{"success", failed.empty()}, {"tests", hardware::to_json(results)}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    std::vector<std::vector<std::string>> rows = {{"backend", "device", "test", "ms"}};
    for (const hardware::SmokeResult& result : results)
      rows.push_back(
          {result.backend, result.device, result.passed ? "passed" : "failed", fmt::format("{:.1f}", result.time_ms)});
    write_out(table(rows, 3));
  }
  if (failed.empty()) return;
  if (!cli.json) write_out("failed: " + failed + "\n");
  cli.exit_code = exit_code_of(ErrorCode::execution_failed);
}

struct RecommendOptions {
  std::string model;
  hardware::CallSize size;
};

std::string giga(double per_second) {
  return per_second > 0 ? fmt::format("{:.3g}", per_second / 1e9) : "";
}

void recommend(Cli& cli, const RecommendOptions& options) {
  const ModelPath path(options.model, cli.cancel);
  Progress progress("opening " + printable(options.model));
  const import::OpenedModel opened = import::open(std::filesystem::path(path.path()));
  const Graph& graph = opened.program.main();
  const DimBindings dims = hardware::call_dims(graph, options.size);
  // What fusion leaves of the traffic is known once the graph is compiled.
  const Model model = InferenceSession(SessionOptions{.device = "cpu"}).load(graph, opened.weights);
  const double flops = tasks::count_flops(graph, dims);
  hardware::Workload work = hardware::workload_of(model.plan(), dims, flops);
  work.weight_bytes = hardware::workload_of(graph, dims, flops).weight_bytes;
  progress.set("measuring");
  const hardware::Recommendation found = hardware::recommend(work);
  if (cli.json) {
    Json out = hardware::to_json(found);
    out["model"] = options.model;
    out["size"] = {{"batch", options.size.batch}, {"sequence", options.size.sequence}, {"image", options.size.image}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"backend", "about ms", "bound by", "GFLOP/s", "GB/s", "needs", "has", "why not"}};
  for (const hardware::DeviceEstimate& d : found.devices) {
    const bool measured = d.peak.flops_per_s > 0;
    rows.push_back({d.backend, measured ? fmt::format("{:.3g}", d.time_ms) : "", d.bound, giga(d.peak.flops_per_s),
                    giga(d.peak.bytes_per_s), bytes_text(d.needed_bytes),
                    d.memory_bytes > 0 ? bytes_text(d.memory_bytes) : "", fitted(d.reason, 60)});
  }
  write_out(table(rows) + "\n" + found.reason + "\n");
}

}  // namespace

void register_hardware(Cli& cli) {
  CLI::App* hardware = cli.app.add_subcommand("hardware", "What can run models here");
  hardware->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& doc, void (*action)(Cli&)) {
    CLI::App* command = hardware->add_subcommand(name, doc);
    command->add_flag("--json", cli.json, "print JSON");
    command->callback([&cli, action] { cli.action = [&cli, action] { action(cli); }; });
  };
  add("info", "Each backend: available or why not, and what it needs", print_info);
  add("test", "Compute a small product on each available backend and check it", run_tests);
  auto options = std::make_shared<RecommendOptions>();
  CLI::App* command = hardware->add_subcommand("recommend", "Which device suits a model: memory and time on each");
  command->add_option("--model", options->model, "model or skill: folder or ipfs://CID")
      ->required()
      ->type_name("MODEL");
  command->add_option("--batch", options->size.batch, "inputs in a call")->type_name("N")->check(CLI::Range(1, 65536));
  command->add_option("--sequence", options->size.sequence, "tokens of an input")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 24));
  command->add_option("--image", options->size.image, "pixels a side of an input")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 16));
  command->add_flag("--json", cli.json, "print JSON");
  command->callback([&cli, options] { cli.action = [&cli, options] { recommend(cli, *options); }; });
}

}  // namespace accelerate::cli
