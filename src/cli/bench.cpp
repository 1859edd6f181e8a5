#include <sys/resource.h>

#include <algorithm>
#include <chrono>

#include "cli/cli.h"
#include "cli/show.h"
#include "runtime/calibration.h"
#include "tasks/registry.h"
#include "tasks/synthetic.h"

namespace accelerate::cli {
namespace {

struct BenchOptions {
  std::string model;
  std::string task;
  std::vector<int64_t> batches = {1, 32};
  std::vector<int64_t> sequences = {128};
  int iterations = 20;
  int warmup = 2;
  std::vector<std::string> devices;
  bool calibrate = false;
  DeviceOptions device;
};

struct Measurement {
  DimBindings dims;
  int64_t batch = 0;
  std::vector<double> samples_ms;  // in the order measured
  double gflop = 0;
  size_t activation_bytes = 0;
};

/// Sample at fraction q of the sorted samples (nearest rank).
double quantile(std::vector<double> samples, double q) {
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<size_t>(q * static_cast<double>(samples.size() - 1) + 0.5)];
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

Measurement measure(const tasks::TaskModel& model, const tasks::SyntheticSize& size, const BenchOptions& options,
                    const CallLimits& limits, Progress& progress) {
  const Graph& graph = model.compiled.graph();
  Measurement out;
  out.dims = tasks::synthetic_dims(model, graph, size);
  out.batch = size.batch;
  out.gflop = tasks::count_flops(graph, out.dims) / 1e9;
  const std::vector<Tensor> inputs = tasks::synthetic_inputs(model, graph, out.dims);
  std::vector<Tensor> outputs = model.compiled.execute(inputs, {.limits = limits});
  for (int i = -options.warmup; i < options.iterations; ++i) {
    const auto start = std::chrono::steady_clock::now();
    model.compiled.execute_into(inputs, outputs, {.limits = limits});
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (i >= 0) out.samples_ms.push_back(ms);
    progress.update(static_cast<size_t>(std::max(i + 1, 0)), static_cast<size_t>(options.iterations));
  }
  out.activation_bytes = model.compiled.arena_bytes();
  return out;
}

Json to_json(const Measurement& m) {
  const double median = quantile(m.samples_ms, 0.5);
  Json extents = Json::object();
  for (const auto& [symbol, value] : m.dims) extents[symbol] = value;
  return {{"batch", m.batch},
          {"extents", std::move(extents)},
          {"min_ms", quantile(m.samples_ms, 0)},
          {"median_ms", median},
          {"p90_ms", quantile(m.samples_ms, 0.9)},
          {"samples_per_second", 1000.0 * static_cast<double>(m.batch) / median},
          {"gflop", m.gflop},
          {"gflop_per_second", m.gflop * 1000.0 / median},
          {"activation_bytes", m.activation_bytes},
          {"samples_ms", m.samples_ms}};
}

void bench_model(const Cli& cli, const BenchOptions& options) {
  const CallLimits limits{.deadline = std::nullopt, .cancel = cli.cancel};
  Progress progress("loading " + printable(options.model));
  tasks::TaskOptions open;
  open.task = options.task;
  open.session = options.device.session();
  const tasks::Task task = tasks::Task::open(options.model, open);
  const tasks::TaskModel& model = task.model();
  const bool has_text = model.compiled.graph().find_input("input_ids").has_value();

  std::vector<Measurement> measurements;
  for (const int64_t sequence : has_text ? options.sequences : std::vector<int64_t>{0}) {
    for (const int64_t batch : options.batches) {
      progress.set(fmt::format("measuring batch {}", batch));
      measurements.push_back(measure(model, {.batch = batch, .sequence = sequence}, options, limits, progress));
    }
  }
  const ModelReport& report = model.compiled.report();
  if (cli.json) {
    Json list = Json::array();
    for (const Measurement& m : measurements) list.push_back(to_json(m));
    const Json out = {{"success", true},
                      {"model", model.opened.folder->root()->description()},
                      {"task", task.definition().name},
                      {"backend", report.backend},
                      {"device", report.device},
                      {"requested_device", report.requested_device},
                      {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
                      {"dtype", report.dtype},
                      {"isa", report.isa},
                      {"threads", report.num_threads},
                      {"load_ms", task.load_ms()},
                      {"peak_rss_bytes", peak_rss_bytes()},
                      {"measurements", std::move(list)}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"extents", "min ms", "median", "p90", "samples/s", "GFLOP/s", "activations"}};
  for (const Measurement& m : measurements) {
    const Json json = to_json(m);
    std::string extents;
    for (const auto& [symbol, value] : json["extents"].items())
      extents += fmt::format("{}{} {}", extents.empty() ? "" : ", ", symbol, value.get<int64_t>());
    if (extents.empty()) extents = "fixed";
    const auto text = [&](const char* key, int digits) {
      return fmt::format("{:.{}f}", json[key].get<double>(), digits);
    };
    rows.push_back({extents, text("min_ms", 2), text("median_ms", 2), text("p90_ms", 2), text("samples_per_second", 1),
                    text("gflop_per_second", 1), bytes_text(static_cast<double>(m.activation_bytes))});
  }
  write_out(table(rows));
  write_out(fmt::format("\n{} for {} on {} ({}{}), products in {}, {} threads, {} iterations; peak memory {}\n",
                        model.compiled.graph().name(), task.definition().name, report.device, report.backend,
                        report.isa.empty() ? "" : ", " + report.isa, report.dtype, report.num_threads,
                        options.iterations, bytes_text(static_cast<double>(peak_rss_bytes()))));
  if (!report.fallback_reason.empty()) write_out("fallback: " + report.fallback_reason + "\n");
}

/// One device of a comparison.
struct DeviceResult {
  std::string device;
  std::string backend;
  std::string graph_hash;
  int num_threads = 0;
  double flops_share = 0;
  double load_ms = 0;
  std::string error;  // why there are no measurements
  std::vector<Measurement> measurements;
};

DeviceResult measure_device(const std::string& device, const BenchOptions& options, const CallLimits& limits,
                            Progress& progress) {
  DeviceResult out;
  out.device = device;
  try {
    tasks::TaskOptions open;
    open.task = options.task;
    open.session = options.device.session();
    open.session.device = device;
    open.session.dtype = "f32";  // the same work everywhere
    open.session.load_limits = limits;
    open.session.progress = [&](std::string_view what) { progress.set(fmt::format("{}: {}", device, what)); };
    const tasks::Task task = tasks::Task::open(options.model, open);
    const ModelReport& report = task.model().compiled.report();
    if (!report.fallback_reason.empty()) fail(ErrorCode::backend_unavailable, "{}", report.fallback_reason);
    out.backend = report.backend;
    out.graph_hash = report.graph_hash;
    out.num_threads = report.num_threads;
    out.flops_share = report.flops_share;
    out.load_ms = task.load_ms();
    const bool has_text = task.model().compiled.graph().find_input("input_ids").has_value();
    for (const int64_t sequence : has_text ? options.sequences : std::vector<int64_t>{0})
      for (const int64_t batch : options.batches) {
        progress.set(fmt::format("measuring batch {} on {}", batch, device));
        out.measurements.push_back(
            measure(task.model(), {.batch = batch, .sequence = sequence}, options, limits, progress));
      }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled || group_of(error.code()) == ErrorGroup::model) throw;
    out.error = error.message();
    out.measurements.clear();
  }
  return out;
}

void keep_times(const std::vector<DeviceResult>& results) {
  std::vector<Calibration::Time> times;
  for (const DeviceResult& r : results) {
    if (!r.error.empty()) continue;
    double sum = 0;
    for (const Measurement& m : r.measurements) sum += quantile(m.samples_ms, 0.5);
    times.push_back({r.device, sum});
  }
  const auto any = std::find_if(results.begin(), results.end(), [](const auto& r) { return r.error.empty(); });
  if (any == results.end()) fail(ErrorCode::backend_unavailable, "no device could be measured");
  remember_calibration(any->graph_hash, any->num_threads, std::move(times));
}

/// One table over devices: times, and ratios to the first one that ran.
void compare_devices(Cli& cli, const BenchOptions& options) {
  const CallLimits limits{.deadline = std::nullopt, .cancel = cli.cancel};
  Progress progress("loading " + printable(options.model));
  std::vector<DeviceResult> results;
  for (const std::string& device : options.devices)
    results.push_back(measure_device(device, options, limits, progress));
  if (options.calibrate) keep_times(results);
  const auto base = std::find_if(results.begin(), results.end(), [](const auto& r) { return r.error.empty(); });
  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {
      {"device", "batch", "tokens", "median ms", "min ms", "times first", "work there", "load ms"}};
  std::string missing;
  for (const DeviceResult& r : results) {
    Json entry = {
        {"device", r.device},           {"backend", r.backend}, {"error", r.error.empty() ? Json() : Json(r.error)},
        {"flops_share", r.flops_share}, {"load_ms", r.load_ms}, {"threads", r.num_threads},
        {"measurements", Json::array()}};
    if (!r.error.empty()) missing += fmt::format("{}: {}\n", r.device, r.error);
    for (size_t i = 0; i < r.measurements.size(); ++i) {
      Json m = to_json(r.measurements[i]);
      const double ratio = m["median_ms"].get<double>() / quantile(base->measurements[i].samples_ms, 0.5);
      m["ratio_to_first"] = ratio;
      std::string tokens = m["extents"].contains("sequence") ? m["extents"]["sequence"].dump() : "";
      rows.push_back({r.device, std::to_string(r.measurements[i].batch), tokens,
                      fmt::format("{:.2f}", m["median_ms"].get<double>()),
                      fmt::format("{:.2f}", m["min_ms"].get<double>()), fmt::format("{:.2f}", ratio),
                      fmt::format("{:.1f}%", 100 * r.flops_share), fmt::format("{:.0f}", r.load_ms)});
      entry["measurements"].push_back(std::move(m));
    }
    list.push_back(std::move(entry));
  }
  if (cli.json) {
    const Json out = {{"success", base != results.end()}, {"model", options.model}, {"devices", std::move(list)}};
    write_out(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    write_out(table(rows) + (missing.empty() ? "" : "\n" + missing));
  }
  if (base == results.end()) cli.exit_code = exit_code_of(ErrorCode::backend_unavailable);
}

}  // namespace

void register_bench(Cli& cli) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* bench = cli.command("bench", "Measure a model on inputs of fixed size", [&cli, options] {
    if (options->devices.empty()) {
      if (options->calibrate) fail(ErrorCode::invalid_argument, "--calibrate needs --devices, such as cpu,openvino");
      bench_model(cli, *options);
    } else {
      compare_devices(cli, *options);
    }
  });
  bench->add_option("model", options->model, "folder of the model")->required()->type_name("MODEL");
  bench->add_option("--task", options->task, "task whose graph is measured")->type_name("TASK");
  bench->add_option("--batch", options->batches, "batch sizes, with commas between")
      ->delimiter(',')
      ->type_name("N,...")
      ->check(CLI::Range(1, 1 << 16));
  bench->add_option("--sequence", options->sequences, "tokens of a text, with commas between")
      ->delimiter(',')
      ->type_name("N,...")
      ->check(CLI::Range(1, 1 << 20));
  bench->add_option("--iterations", options->iterations, "measured runs of each size")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  bench->add_option("--warmup", options->warmup, "runs before them")->type_name("N")->check(CLI::Range(0, 1000));
  bench
      ->add_option("--devices", options->devices,
                   "compare devices, with commas between, in one table with ratios; products in f32")
      ->delimiter(',')
      ->type_name("NAME,...");
  bench->add_flag("--calibrate", options->calibrate, "with --devices: `auto` uses the fastest of them for this model");
  bench->add_flag("--json", cli.json, "print JSON, with all samples");
  options->device.add_to(*bench);
}

}  // namespace accelerate::cli
