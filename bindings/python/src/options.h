#pragma once
#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/session.h"
#include "tasks/registry.h"

namespace accelerate::python {

/// The arguments that everything with a session takes. device: none means "auto".
SessionOptions session_options(const std::optional<std::string>& device, const std::string& dtype, int threads,
                               bool strict, std::vector<std::string> disabled_passes = {});

/// The arguments of a call. parameters: a dict.
tasks::CallOptions call_options(nanobind::handle parameters, size_t batch_size, std::optional<double> timeout_ms);
ExecuteOptions execute_options(std::optional<double> timeout_ms);

/// A task and its parameters, for Python.
Json describe(const tasks::TaskDef& definition);

}  // namespace accelerate::python
