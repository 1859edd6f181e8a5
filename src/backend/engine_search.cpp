#include "backend/engine_search.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"

namespace accelerate {

namespace fs = std::filesystem;

std::optional<std::string> variable_of(const EnvironmentReader& environment, const char* name) {
  const char* value = environment(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) out.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::vector<fs::path> programs_on_path(const EnvironmentReader& environment, const std::string& name) {
  std::vector<fs::path> out;
  for (const std::string& folder : parts_of(variable_of(environment, "PATH").value_or(""))) {
    fs::path candidate = fs::path(folder) / name;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && access(candidate.c_str(), X_OK) == 0) out.push_back(candidate);
  }
  return out;
}

fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path out = fs::canonical(path, error);
  return error ? path : out;
}

std::vector<PythonEnvironment> python_environments(const EnvironmentReader& environment) {
  std::vector<PythonEnvironment> out;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (auto value = variable_of(environment, name))
      out.push_back({*value, fmt::format("the Python environment of {}", name)});
  std::vector<fs::path> pythons;
  if (auto value = variable_of(environment, "ACCELERATE_PYTHON")) pythons.emplace_back(*value);
  for (const fs::path& python : programs_on_path(environment, "python3")) pythons.push_back(python);
  for (const fs::path& python : pythons)
    // bin/python of an environment is often a link: the environment is where the link lies.
    for (const fs::path& p : {python, resolved(python)})
      out.push_back({p.parent_path().parent_path(),
                     fmt::format("the Python environment of {}", printable(python.string(), 1000))});
  return out;
}

}  // namespace accelerate
