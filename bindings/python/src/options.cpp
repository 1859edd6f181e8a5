#include "options.h"

#include <chrono>

#include "base/error.h"
#include "casters.h"

namespace accelerate::python {
namespace {

CallLimits limits(std::optional<double> timeout_ms) {
  CallLimits out;
  if (!timeout_ms) return out;
  if (!(*timeout_ms > 0 && *timeout_ms < 1e12))
    fail(ErrorCode::invalid_argument, "timeout_ms is {}; expected a positive number", *timeout_ms);
  out.deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(static_cast<int64_t>(*timeout_ms * 1000));
  return out;
}

}  // namespace

SessionOptions session_options(const std::optional<std::string>& device, const std::string& dtype, int threads,
                               bool strict, std::vector<std::string> disabled_passes) {
  SessionOptions options;
  options.device = device.value_or("auto");
  options.dtype = dtype;
  options.threads.num_threads = threads;
  options.strict = strict;
  options.disabled_passes = std::move(disabled_passes);
  return options;
}

tasks::CallOptions call_options(nb::handle parameters, size_t batch_size, std::optional<double> timeout_ms) {
  tasks::CallOptions options;
  options.parameters = to_json(parameters);
  options.batch_size = batch_size;
  options.limits = limits(timeout_ms);
  return options;
}

ExecuteOptions execute_options(std::optional<double> timeout_ms) {
  ExecuteOptions options;
  options.limits = limits(timeout_ms);
  return options;
}

Json describe(const tasks::TaskDef& definition) {
  Json parameters = Json::array();
  for (const tasks::ParameterSpec& spec : definition.parameters) {
    parameters.push_back({{"name", spec.name},
                          {"type", name_of(spec.kind)},
                          {"default", spec.fallback},
                          {"choices", spec.choices},
                          {"at_open", spec.at_open},
                          {"doc", spec.doc}});
  }
  return {{"name", definition.name},
          {"aliases", definition.aliases},
          {"doc", definition.doc},
          {"texts", definition.takes_texts},
          {"images", definition.takes_images},
          {"audio", definition.takes_audio},
          {"videos", definition.takes_videos},
          {"contexts", definition.contexts != tasks::TaskDef::Contexts::none},
          {"parameters", std::move(parameters)}};
}

}  // namespace accelerate::python
