#include "cli/cli.h"
#include "hardware/report.h"

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
}

}  // namespace accelerate::cli
