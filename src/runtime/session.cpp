#include "runtime/session.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "base/error.h"
#include "runtime/calibration.h"
#include "runtime/plan.h"

namespace accelerate {

struct InferenceSession::Impl {
  std::shared_ptr<SessionState> state = std::make_shared<SessionState>();
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<InferenceSession>> others;  // of devices that `auto` prefers for some graph
};

namespace {

std::optional<size_t> find_backend(const SessionState& state, std::string_view name) {
  for (size_t i = 0; i < state.backends.size(); ++i)
    if (state.backends[i]->name() == name) return i;
  return std::nullopt;
}

/// The device a backend would use, or the reason why it cannot serve.
std::pair<std::optional<std::string>, std::string> device_of(const Backend& backend, const ProbeResult& probe,
                                                             const std::string& device_part) {
  if (!probe.available) return {std::nullopt, fmt::format("{}: {}", backend.name(), probe.reason)};
  if (probe.devices.empty()) return {std::nullopt, fmt::format("{}: no device", backend.name())};
  if (device_part.empty()) return {probe.devices.front().name, ""};
  for (const DeviceInfo& d : probe.devices) {
    if (d.name == device_part || d.name == fmt::format("{}:{}", backend.name(), device_part)) return {d.name, ""};
  }
  if (device_part == "0") return {probe.devices.front().name, ""};
  std::string names;
  for (const DeviceInfo& d : probe.devices) names += (names.empty() ? "" : ", ") + d.name;
  return {std::nullopt,
          fmt::format("{} has no device \"{}\"; it has {}", backend.name(), printable(device_part), names)};
}

}  // namespace

InferenceSession::InferenceSession(SessionOptions options) : impl_(std::make_shared<Impl>()) {
  SessionState& state = *impl_->state;
  if (options.dtype != "auto" && options.dtype != "f32" && options.dtype != "bf16" && options.dtype != "f16")
    fail(ErrorCode::invalid_argument, "dtype is \"{}\"; expected auto, f32, bf16 or f16", printable(options.dtype));
  state.options = options;
  state.request = resolve_device(options.device, [](const char* name) -> const char* { return std::getenv(name); });
  state.backends = make_all_backends();

  std::vector<size_t> by_preference;
  for (size_t i = 0; i < state.backends.size(); ++i) by_preference.push_back(i);
  std::stable_sort(by_preference.begin(), by_preference.end(), [&](size_t a, size_t b) {
    return state.backends[a]->preference() > state.backends[b]->preference();
  });

  // A probe may be slow: each backend is looked at once, and only when it is considered.
  std::vector<std::optional<ProbeResult>> probes(state.backends.size());
  auto probe = [&](size_t index) -> const ProbeResult& {
    if (!probes[index]) probes[index] = state.backends[index]->probe();
    return *probes[index];
  };
  std::string reasons;
  auto consider = [&](size_t index, const std::string& part) {
    auto [device, reason] = device_of(*state.backends[index], probe(index), part);
    if (device) {
      state.order.push_back(index);
      state.backend = state.backends[index]->name();
      state.device = *device;
      return true;
    }
    reasons += (reasons.empty() ? "" : "; ") + reason;
    return false;
  };
  bool found = false;
  if (state.request.backends.empty()) {
    for (size_t index : by_preference) {
      if (state.backends[index]->preference() < 0) continue;
      if ((found = consider(index, ""))) break;
    }
  } else {
    for (const std::string& name : state.request.backends) {
      auto index = find_backend(state, name);
      if (!index) {
        reasons += (reasons.empty() ? "" : "; ") + fmt::format("{}: this build has no such backend", name);
        continue;
      }
      if ((found = consider(*index, state.request.device_part))) break;
    }
  }
  if (!found) {
    std::string message = fmt::format("the requested device \"{}\" cannot serve: {}", state.request.requested,
                                      reasons.empty() ? "every backend of this build serves only by name" : reasons);
    if (options.strict) fail(ErrorCode::backend_unavailable, "{} (--strict forbids another device)", message);
    state.fallback_reason = message;
    for (size_t index : by_preference) {
      if ((found = consider(index, ""))) break;
    }
    if (!found) fail(ErrorCode::backend_unavailable, "no backend of this build can serve: {}", reasons);
  }
  // Nodes that the chosen backend lacks go to the other backends that compute in host memory node by node.
  for (size_t index : by_preference) {
    if (state.backends[index]->takes_regions()) continue;
    if (std::find(state.order.begin(), state.order.end(), index) == state.order.end() && probe(index).available)
      state.order.push_back(index);
  }
  state.executor = std::make_unique<Executor>(options.threads);
  for (const auto& backend : state.backends) state.streams.push_back(backend->make_stream(*state.executor));
}

Model InferenceSession::load(const Graph& graph, std::shared_ptr<const WeightSource> weights) {
  const SessionState& state = *impl_->state;
  if (state.request.requested == "auto") {
    Program identity;
    identity.graphs.emplace("main", graph);
    auto known = recall_calibration(identity_hash(identity), state.executor->num_threads());
    // Memory is shared with the session's own threads where its own backend is the fastest.
    if (known && known->times.front().device != state.backend) {
      if (InferenceSession* other = other_session(known->times.front().device)) {
        auto compiled = compile(other->impl_->state, graph, weights);
        compiled->report.requested_device = "auto";
        compiled->report.calibration = known->to_string();
        return Model(std::move(compiled));
      }
    }
    auto compiled = compile(impl_->state, graph, std::move(weights));
    if (known) compiled->report.calibration = known->to_string();
    return Model(std::move(compiled));
  }
  return Model(compile(impl_->state, graph, std::move(weights)));
}

InferenceSession* InferenceSession::other_session(const std::string& device) {
  std::lock_guard lock(impl_->mutex);
  auto it = impl_->others.find(device);
  if (it == impl_->others.end()) {
    SessionOptions options = impl_->state->options;
    options.device = device;
    options.strict = false;
    it = impl_->others.emplace(device, std::make_unique<InferenceSession>(std::move(options))).first;
  }
  // A device that has gone since it was measured does not serve.
  return it->second->fallback_reason().empty() ? it->second.get() : nullptr;
}

const std::string& InferenceSession::backend() const {
  return impl_->state->backend;
}
const std::string& InferenceSession::device() const {
  return impl_->state->device;
}
const std::string& InferenceSession::requested_device() const {
  return impl_->state->request.requested;
}
const std::string& InferenceSession::fallback_reason() const {
  return impl_->state->fallback_reason;
}
Executor& InferenceSession::executor() {
  return *impl_->state->executor;
}

}  // namespace accelerate
