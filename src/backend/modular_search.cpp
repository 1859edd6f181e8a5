#include "backend/modular_search.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "backend/engine_search.h"
#include "base/error.h"

namespace accelerate {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// The installation roots that a folder may stand for: itself, a Python environment, a folder that holds `modular`.
std::vector<fs::path> roots_in(const fs::path& folder) {
  std::vector<fs::path> out = {folder, folder / "modular"};
  std::error_code error;
  std::vector<fs::path> pythons;
  for (fs::directory_iterator it(folder / "lib", error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with("python3")) pythons.push_back(it->path());
  std::sort(pythons.begin(), pythons.end(), std::greater<>());
  for (const fs::path& python : pythons) out.push_back(python / "site-packages" / "modular");
  return out;
}

class Search {
 public:
  Search(const ModularPart& part, const EnvironmentReader& environment) : part_(part), environment_(environment) {}

  ModularSearch run() {
    for (const char* name : {"MODULAR_HOME", "MAX_HOME", "MOJO_HOME"})
      if (auto value = variable_of(environment_, name)) look(*value, name, true);
    for (const char* name : {"max", "mojo"})
      for (const fs::path& program : programs_on_path(environment_, name)) look_around(program, name);
    for (const PythonEnvironment& python : python_environments(environment_))
      look(python.folder, python.found_by, false);
    return std::move(out_);
  }

 private:
  void look_around(const fs::path& program, const std::string& name) {
    std::string how = fmt::format("the executable {} on PATH ({})", name, printable(program.string()));
    bool any = false;
    for (const fs::path& p : {program, resolved(program)}) any = look(p.parent_path().parent_path(), how, false) || any;
    if (!any)
      out_.rejected.push_back(fmt::format("{} belongs to no {} installation: no {} beside it",
                                          printable(program.string()), part_.product, part_.file));
  }

  /// True if the folder holds an installation, whole or half.
  bool look(const fs::path& folder, const std::string& how, bool must) {
    bool any = false;
    for (const fs::path& root : roots_in(folder)) {
      if (!is_file(root / part_.file)) continue;
      any = true;
      fs::path real = resolved(root);
      if (!seen_.insert(real).second) continue;
      std::string lacking;
      for (const auto& [name, package] : part_.needs)
        if (lacking.empty() && !is_file(root / name) && !is_folder(root / name))
          lacking = fmt::format("{} (package {})", name, package);
      if (lacking.empty()) {
        out_.found.push_back({real, how});
      } else {
        out_.rejected.push_back(fmt::format("{} ({}) has {} but no {}", printable(real.string(), 1000), how,
                                            fs::path(part_.file).filename().string(), lacking));
      }
    }
    if (!any && must)
      out_.rejected.push_back(fmt::format("{} is {}, which holds no {}", how, printable(folder.string()), part_.file));
    return any;
  }

  const ModularPart& part_;
  const EnvironmentReader& environment_;
  std::set<fs::path> seen_;
  ModularSearch out_;
};

}  // namespace

ModularSearch search_modular(const ModularPart& part, const EnvironmentReader& environment) {
  return Search(part, environment).run();
}

std::string explanation_of(const ModularSearch& search, const ModularPart& part) {
  std::string out;
  for (const std::string& reason : search.rejected) out += (out.empty() ? "" : "; ") + reason;
  if (!out.empty()) return out;
  return fmt::format(
      "no {} installation: none in MODULAR_HOME, MAX_HOME or MOJO_HOME, no max or mojo on PATH, no package modular in "
      "the active Python environment",
      part.product);
}

}  // namespace accelerate
