#pragma once
// What looking for an engine's installation has in common. Looking reads folders and runs nothing. The environment
// comes as a function (null result: not set).
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accelerate {

using EnvironmentReader = std::function<const char*(const char*)>;

/// The variable's value; nothing if it is not set or empty.
std::optional<std::string> variable_of(const EnvironmentReader& environment, const char* name);

/// The parts of a list of folders with colons between (PATH), without empty ones.
std::vector<std::string> parts_of(std::string_view list);

/// The executable files of that name in the folders of PATH, in their order.
std::vector<std::filesystem::path> programs_on_path(const EnvironmentReader& environment, const std::string& name);

/// The path without links; as it is where it cannot be resolved.
std::filesystem::path resolved(const std::filesystem::path& path);

/// A folder with bin/ and lib/ of a Python.
struct PythonEnvironment {
  std::filesystem::path folder;
  std::string found_by;  // "the Python environment of VIRTUAL_ENV", "the Python environment of /x/bin/python3"
};

/// Those of VIRTUAL_ENV and CONDA_PREFIX, then those around ACCELERATE_PYTHON and each python3 on PATH.
std::vector<PythonEnvironment> python_environments(const EnvironmentReader& environment);

}  // namespace accelerate
