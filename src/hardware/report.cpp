#include "hardware/report.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <tuple>

#include "accelerate/ops.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "runtime/session.h"

namespace accelerate::hardware {
namespace {

uint64_t memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(size) : 0;
}

BackendReport ask(const Backend& backend) {
  BackendReport out{.name = std::string(backend.name()), .built = true, .probe = {}};
  try {
    out.probe = backend.probe();
  } catch (const std::exception& e) {
    out.probe.available = false;
    out.probe.reason = e.what();
  }
  return out;
}

using Inputs = std::vector<Tensor>;

Tensor of(std::vector<int64_t> shape, const std::vector<float>& values) {
  return Tensor::from(DType::f32, std::move(shape), values);
}

/// [[1,2],[3,4]] by [[5,6],[7,8]].
std::pair<Graph, Inputs> product() {
  Graph graph("smoke", {TensorType(DType::f32, {2, 2}), TensorType(DType::f32, {2, 2})});
  graph.output(ops::matmul(graph.input(0), graph.input(1)));
  return {std::move(graph), {of({2, 2}, {1, 2, 3, 4}), of({2, 2}, {5, 6, 7, 8})}};
}

/// The same product as the sum of its two outer products, for a backend whose kernels are elementwise.
std::pair<Graph, Inputs> outer_products() {
  Graph graph("smoke", {TensorType(DType::f32, {2, 1}), TensorType(DType::f32, {1, 2}), TensorType(DType::f32, {2, 1}),
                        TensorType(DType::f32, {1, 2})});
  graph.output(ops::add(ops::mul(graph.input(0), graph.input(1)), ops::mul(graph.input(2), graph.input(3))));
  return {std::move(graph), {of({2, 1}, {1, 3}), of({1, 2}, {5, 6}), of({2, 1}, {2, 4}), of({1, 2}, {7, 8})}};
}

std::pair<Model, Inputs> load_smoke(InferenceSession& session) {
  auto [graph, inputs] = product();
  try {
    return {session.load(graph), std::move(inputs)};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported_op) throw;
    std::tie(graph, inputs) = outer_products();
    return {session.load(graph), std::move(inputs)};
  }
}

SmokeResult smoke(const std::string& backend) {
  SmokeResult out;
  out.backend = backend;
  const auto start = std::chrono::steady_clock::now();
  try {
    SessionOptions options;
    options.device = backend;
    options.strict = true;
    options.dtype = "f32";
    InferenceSession session(options);
    out.device = session.device();
    const auto [model, inputs] = load_smoke(session);
    const auto result = model.execute(inputs).front();
    for (int64_t i = 0; i < result.num_elements(); ++i) out.values.push_back(result.get(i));
    out.passed = out.values == std::vector<double>{19, 22, 43, 50};
    if (!out.passed) out.message = "the product is wrong; expected 19, 22, 43, 50";
    for (const PlacementReport& entry : model.report().placement) {
      if (entry.backend == backend) continue;
      out.passed = false;
      out.message = fmt::format("{} ran on {}: {}", entry.op, entry.backend, entry.reason);
    }
  } catch (const Error& e) {
    out.passed = false;
    out.message = e.what();
  }
  out.time_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace

Report report() {
  Report out;
  out.cpu = cpu_model_name();
  out.isa = name_of(selected_isa());
  out.cores = available_cores();
  out.memory_bytes = memory_bytes();
  const auto backends = make_all_backends();
  const auto find = [&](const std::string& name) {
    return std::find_if(backends.begin(), backends.end(), [&](const auto& backend) { return backend->name() == name; });
  };
  for (const std::string& name : known_devices()) {
    if (const auto found = find(name); found != backends.end()) {
      out.backends.push_back(ask(**found));
      continue;
    }
    BackendReport absent{.name = name, .built = false, .probe = {}};
    absent.probe.reason =
        name == "mojo_max" ? "a request for max, then mojo; no backend of its own" : "this build has no such backend";
    out.backends.push_back(std::move(absent));
  }
  const auto& known = known_devices();
  for (const auto& backend : backends) {
    if (std::find(known.begin(), known.end(), backend->name()) == known.end()) out.backends.push_back(ask(*backend));
  }
  return out;
}

Json to_json(const Report& report) {
  Json backends = Json::array();
  for (const BackendReport& backend : report.backends) {
    Json devices = Json::array();
    for (const DeviceInfo& device : backend.probe.devices) {
      devices.push_back({{"name", device.name},
                         {"description", device.description},
                         {"memory_bytes", device.memory_bytes},
                         {"features", device.features}});
    }
    backends.push_back({{"name", backend.name},
                        {"built", backend.built},
                        {"available", backend.probe.available},
                        {"reason", backend.probe.available ? Json() : Json(backend.probe.reason)},
                        {"version", backend.probe.version},
                        {"needs", backend.probe.needs},
                        {"devices", std::move(devices)}});
  }
  return {{"cpu",
           {{"name", report.cpu}, {"isa", report.isa}, {"cores", report.cores}, {"memory_bytes", report.memory_bytes}}},
          {"backends", std::move(backends)}};
}

std::vector<SmokeResult> smoke_test() {
  std::vector<SmokeResult> out;
  for (const BackendReport& backend : report().backends) {
    if (backend.probe.available) out.push_back(smoke(backend.name));
  }
  return out;
}

Json to_json(const std::vector<SmokeResult>& results) {
  Json out = Json::array();
  for (const SmokeResult& result : results) {
    out.push_back({{"backend", result.backend},
                   {"device", result.device},
                   {"passed", result.passed},
                   {"message", result.message.empty() ? Json() : Json(result.message)},
                   {"values", result.values},
                   {"time_ms", result.time_ms}});
  }
  return out;
}

}  // namespace accelerate::hardware
