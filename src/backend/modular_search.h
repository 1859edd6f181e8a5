#pragma once
// Where software of Modular (MAX, Mojo) may be installed. Looking reads folders and runs nothing.
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace accelerate {

/// What makes a folder an installation.
struct ModularPart {
  std::string product;  // "MAX", for messages
  std::string file;     // "lib/libmax.so": without it, there is none
  /// What must stand beside it, and the package that brings it.
  std::vector<std::pair<std::string, std::string>> needs;
};

/// Roots in the order of preference, and for each place that looked like one and is not: why.
struct ModularSearch {
  struct Root {
    std::filesystem::path path;
    std::string found_by;  // "the executable mojo on PATH (/usr/bin/mojo)", "MAX_HOME", "the Python environment of /x"
  };
  std::vector<Root> found;
  std::vector<std::string> rejected;
};

/// Three methods, in this order: MODULAR_HOME, MAX_HOME and MOJO_HOME; what stands around the programs max and mojo on
/// PATH; the Python environments of VIRTUAL_ENV, CONDA_PREFIX, ACCELERATE_PYTHON and python3 on PATH. The environment
/// comes as a function (null result: not set).
ModularSearch search_modular(const ModularPart& part, const std::function<const char*(const char*)>& environment);

/// All reasons on one line, for a person.
std::string explanation_of(const ModularSearch& search, const ModularPart& part);

}  // namespace accelerate
