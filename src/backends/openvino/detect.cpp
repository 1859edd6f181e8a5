#include "backends/openvino/detect.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "backend/engine_search.h"
#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

namespace fs = std::filesystem;

/// Files in the folder, newest name first, whose name begins so.
std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with(prefix)) out.push_back(it->path());
  std::sort(out.begin(), out.end(), std::greater<>());
  return out;
}

class Search {
 public:
  explicit Search(const EnvironmentReader& environment) : environment_(environment) {}

  Detection run(const std::vector<fs::path>& system_folders) {
    for (const char* name : {"OPENVINO_DIR", "INTEL_OPENVINO_DIR", "OpenVINO_DIR"}) {
      auto value = variable_of(environment_, name);
      if (!value) continue;
      bool any = false;
      fs::path folder = *value;
      for (const fs::path& root : {folder, folder.parent_path()})
        for (const char* below : {"", "runtime/lib/intel64", "lib/intel64", "lib", "libs", "openvino/libs"})
          any = look(root / below, name) || any;
      any = look_in_python(folder, name) || any;
      if (!any)
        out_.rejected.push_back(
            fmt::format("{} is {}, which holds no libopenvino_c.so", name, printable(*value, 1000)));
    }
    for (const std::string& folder : parts_of(variable_of(environment_, "LD_LIBRARY_PATH").value_or("")))
      look(folder, "the library path (LD_LIBRARY_PATH)");
    for (const fs::path& folder : system_folders) look(folder, "the library path");
    for (const PythonEnvironment& python : python_environments(environment_))
      look_in_python(python.folder, python.found_by);
    return std::move(out_);
  }

 private:
  bool look_in_python(const fs::path& environment, const std::string& how) {
    bool any = false;
    for (const fs::path& python : entries(environment / "lib", "python3"))
      for (const char* packages : {"site-packages", "dist-packages"})
        any = look(python / packages / "openvino" / "libs", how) || any;
    return any;
  }

  /// True if the folder holds a candidate.
  bool look(const fs::path& folder, const std::string& how) {
    bool any = false;
    for (const fs::path& file : entries(folder, "libopenvino_c.so")) {
      std::error_code error;
      if (!fs::is_regular_file(file, error)) continue;
      any = true;
      fs::path real = resolved(file);
      if (seen_.insert(real).second) out_.found.push_back({real, how});
    }
    return any;
  }

  const EnvironmentReader& environment_;
  std::set<fs::path> seen_;
  Detection out_;
};

}  // namespace

std::string Detection::explanation() const {
  std::string out;
  for (const std::string& reason : rejected) out += (out.empty() ? "" : "; ") + reason;
  if (out.empty())
    out =
        "no OpenVINO: none in OPENVINO_DIR, INTEL_OPENVINO_DIR or OpenVINO_DIR, no libopenvino_c.so on the library "
        "path, "
        "no package openvino in the active Python environment";
  return out;
}

Detection detect(const EnvironmentReader& environment, const std::vector<fs::path>& system_folders) {
  return Search(environment).run(system_folders);
}

}  // namespace accelerate::openvino_engine
