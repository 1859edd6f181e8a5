#include "hardware/recommend.h"

#include <algorithm>
#include <chrono>

#include "accelerate/ops.h"
#include "base/error.h"
#include "hardware/report.h"
#include "runtime/session.h"

namespace accelerate::hardware {
namespace {

using Clock = std::chrono::steady_clock;

/// A measurement grows until one run takes this long.
constexpr double kWantedSeconds = 0.02;
constexpr int kRuns = 3;

/// Seconds of the fastest of a few runs.
double best_seconds(const Model& model, const std::vector<Tensor>& inputs) {
  double best = 1e300;
  model.execute(inputs);  // pages and plans are ready
  for (int i = 0; i < kRuns; ++i) {
    const auto start = Clock::now();
    model.execute(inputs);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

Tensor ones(const std::vector<int64_t>& shape) {
  Tensor out(DType::f32, shape);
  std::fill_n(out.as<float>(), out.num_elements(), 1.0F);
  return out;
}

/// Runs `graph_of(n)` for n = first, first * step, ... last, until a run takes long enough; gives work(n) a second.
template <typename GraphOf, typename InputsOf, typename Work>
double rate(InferenceSession& session, int64_t first, int64_t step, int64_t last, GraphOf graph_of, InputsOf inputs_of,
            Work work) {
  double best = 0;
  for (int64_t n = first; n <= last; n *= step) {
    const Model model = session.load(graph_of(n));
    const double seconds = best_seconds(model, inputs_of(n));
    best = std::max(best, work(n) / seconds);
    if (seconds >= kWantedSeconds) break;
  }
  return best;
}

Peak measure(const std::string& backend) {
  SessionOptions options;
  options.device = backend;
  options.strict = true;
  options.dtype = "f32";
  InferenceSession session(options);
  Peak out;
  out.flops_per_s = rate(
      session, 64, 4, 1024,
      [](int64_t n) {
        Graph graph("product", {TensorType(DType::f32, {n, n}), TensorType(DType::f32, {n, n})});
        graph.output(ops::matmul(graph.input(0), graph.input(1)));
        return graph;
      },
      [](int64_t n) { return std::vector<Tensor>{ones({n, n}), ones({n, n})}; },
      [](int64_t n) { return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n); });
  out.bytes_per_s = rate(
      session, 1 << 14, 32, 1 << 24,
      [](int64_t n) {
        Graph graph("sum", {TensorType(DType::f32, {n}), TensorType(DType::f32, {n})});
        graph.output(ops::add(graph.input(0), graph.input(1)));
        return graph;
      },
      [](int64_t n) { return std::vector<Tensor>{ones({n}), ones({n})}; },
      // The largest vectors lie in no cache; smaller ones are measured only where they already take long.
      [](int64_t n) { return n < (1 << 22) ? 0.0 : 3.0 * sizeof(float) * static_cast<double>(n); });
  if (out.bytes_per_s > 0) return out;
  // So slow that small vectors took long: their rate is that of memory, too.
  constexpr int64_t kSmall = 1 << 14;
  Graph graph("sum", {TensorType(DType::f32, {kSmall}), TensorType(DType::f32, {kSmall})});
  graph.output(ops::add(graph.input(0), graph.input(1)));
  out.bytes_per_s = 3.0 * sizeof(float) * kSmall / best_seconds(session.load(graph), {ones({kSmall}), ones({kSmall})});
  return out;
}

void estimate(DeviceEstimate& device, const Workload& work) {
  const double compute = work.flops / device.peak.flops_per_s;
  const double memory = work.traffic_bytes / device.peak.bytes_per_s;
  device.bound = compute >= memory ? "compute" : "memory";
  device.time_ms = 1e3 * std::max(compute, memory);
}

std::string words(const DeviceEstimate& best, const Workload& work) {
  return fmt::format(
      "{} is the fastest device that serves: {:.2g} GFLOP at {:.3g} GFLOP/s and {:.3g} MB moved at {:.3g} GB/s, so it "
      "is "
      "bound by {} and takes about {:.3g} ms; {:.3g} MB are needed",
      best.device.empty() ? best.backend : best.device, work.flops / 1e9, best.peak.flops_per_s / 1e9,
      work.traffic_bytes / 1e6, best.peak.bytes_per_s / 1e9, best.bound, best.time_ms, best.needed_bytes / 1e6);
}

}  // namespace

Recommendation recommend(const Workload& workload) {
  Recommendation out;
  out.workload = workload;
  const Report machine = report();
  for (const BackendReport& backend : machine.backends) {
    DeviceEstimate device;
    device.backend = backend.name;
    device.available = backend.probe.available;
    device.reason = backend.probe.reason;
    device.needed_bytes = workload.weight_bytes + workload.activation_bytes;
    if (!device.available) {
      out.devices.push_back(std::move(device));
      continue;
    }
    device.reason.clear();
    if (!backend.probe.devices.empty()) {
      device.device = backend.probe.devices.front().name;
      device.memory_bytes = static_cast<double>(backend.probe.devices.front().memory_bytes);
    }
    device.fits = device.memory_bytes == 0 || device.needed_bytes <= device.memory_bytes;
    if (!device.fits) device.reason = "the model does not fit into its memory";
    try {
      device.peak = measure(backend.name);
      estimate(device, workload);
    } catch (const Error& e) {
      device.fits = false;
      device.reason = e.what();
    }
    out.devices.push_back(std::move(device));
  }
  std::stable_sort(out.devices.begin(), out.devices.end(), [](const DeviceEstimate& a, const DeviceEstimate& b) {
    const auto key = [](const DeviceEstimate& d) { return std::pair(!(d.available && d.fits), d.time_ms); };
    return key(a) < key(b);
  });
  if (out.devices.empty() || !out.devices.front().available || !out.devices.front().fits) {
    out.reason = fmt::format("no device has the {:.3g} MB that the model needs",
                             (workload.weight_bytes + workload.activation_bytes) / 1e6);
    return out;
  }
  out.device = out.devices.front().backend;
  out.reason = words(out.devices.front(), workload);
  return out;
}

Json to_json(const Recommendation& r) {
  Json devices = Json::array();
  for (const DeviceEstimate& d : r.devices) {
    const bool measured = d.peak.flops_per_s > 0;
    devices.push_back({{"backend", d.backend},
                       {"device", d.device.empty() ? Json() : Json(d.device)},
                       {"available", d.available},
                       {"reason", d.reason.empty() ? Json() : Json(d.reason)},
                       {"flops_per_s", measured ? Json(d.peak.flops_per_s) : Json()},
                       {"bytes_per_s", measured ? Json(d.peak.bytes_per_s) : Json()},
                       {"needed_bytes", d.needed_bytes},
                       {"memory_bytes", d.memory_bytes > 0 ? Json(d.memory_bytes) : Json()},
                       {"fits", d.fits},
                       {"time_ms", measured ? Json(d.time_ms) : Json()},
                       {"bound", measured ? Json(d.bound) : Json()}});
  }
  return {{"workload",
           {{"flops", r.workload.flops},
            {"weight_bytes", r.workload.weight_bytes},
            {"activation_bytes", r.workload.activation_bytes},
            {"traffic_bytes", r.workload.traffic_bytes}}},
          {"devices", std::move(devices)},
          {"recommended", r.device.empty() ? Json() : Json(r.device)},
          {"reason", r.reason}};
}

}  // namespace accelerate::hardware
