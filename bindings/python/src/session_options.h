#pragma once
#include <optional>
#include <string>
#include <vector>

#include "runtime/session.h"

namespace accelerate::python {

/// The arguments that everything with a session takes. device: none means "auto".
SessionOptions session_options(const std::optional<std::string>& device, const std::string& dtype, int threads,
                               bool strict, std::vector<std::string> disabled_passes = {});

}  // namespace accelerate::python
