#include "backends/openvino/detect.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>

#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

namespace fs = std::filesystem;

fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path out = fs::canonical(path, error);
  return error ? path : out;
}

/// Files in the folder, newest name first, whose name begins so.
std::vector<fs::path> entries(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with(prefix)) out.push_back(it->path());
  std::sort(out.begin(), out.end(), std::greater<>());
  return out;
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

class Search {
 public:
  explicit Search(const std::function<const char*(const char*)>& environment) : environment_(environment) {}

  Detection run(const std::vector<fs::path>& system_folders) {
    for (const char* name : {"OPENVINO_DIR", "INTEL_OPENVINO_DIR", "OpenVINO_DIR"}) {
      auto value = variable(name);
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
    for (const std::string& folder : parts_of(variable("LD_LIBRARY_PATH").value_or("")))
      look(folder, "the library path (LD_LIBRARY_PATH)");
    for (const fs::path& folder : system_folders) look(folder, "the library path");
    std::vector<fs::path> pythons;
    if (auto value = variable("ACCELERATE_PYTHON")) pythons.emplace_back(*value);
    for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
      if (auto value = variable(name)) look_in_python(*value, fmt::format("the Python environment of {}", name));
    for (const std::string& folder : parts_of(variable("PATH").value_or(""))) {
      std::error_code error;
      if (fs::is_regular_file(fs::path(folder) / "python3", error)) pythons.push_back(fs::path(folder) / "python3");
    }
    for (const fs::path& python : pythons)
      // bin/python of an environment is often a link: the environment is where the link lies.
      for (const fs::path& p : {python, resolved(python)})
        look_in_python(p.parent_path().parent_path(),
                       fmt::format("the Python environment of {}", printable(python.string(), 1000)));
    return std::move(out_);
  }

 private:
  std::optional<std::string> variable(const char* name) const {
    const char* value = environment_(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  }

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

  const std::function<const char*(const char*)>& environment_;
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

Detection detect(const std::function<const char*(const char*)>& environment,
                 const std::vector<fs::path>& system_folders) {
  return Search(environment).run(system_folders);
}

}  // namespace accelerate::openvino_engine
