#pragma once
#include <cstdlib>
#include <string>

namespace accelerate {

/// The value of a variable of the process's environment; empty if it is not set.
inline std::string environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace accelerate
