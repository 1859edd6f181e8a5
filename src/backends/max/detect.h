#pragma once
// Where a MAX installation may be. Looking reads folders and runs nothing.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace accelerate::max_engine {

/// A folder that holds lib/libmax.so and lib/mojo (the kernels), and how it was found.
struct Installation {
  std::filesystem::path root;
  std::string found_by;  // "the executable mojo on PATH (/usr/bin/mojo)", "MODULAR_HOME", "the Python environment /x"
  std::filesystem::path library() const { return root / "lib" / "libmax.so"; }
  std::filesystem::path kernels() const { return root / "lib" / "mojo"; }
};

/// Installations in the order of preference, and for each place that looked like one and is not: why.
struct Detection {
  std::vector<Installation> found;
  std::vector<std::string> rejected;
  /// All reasons on one line, for a person.
  std::string explanation() const;
};

/// Three methods, in this order: MODULAR_HOME, MAX_HOME and MOJO_HOME; executables `max` and `mojo` on PATH, whose
/// installation is looked for around them (a program of that name proves nothing); the Python environments of
/// VIRTUAL_ENV, CONDA_PREFIX, ACCELERATE_PYTHON and python3 on PATH, which may hold the package `modular`.
/// The environment comes as a function (null result: not set).
Detection detect(const std::function<const char*(const char*)>& environment);

}  // namespace accelerate::max_engine
