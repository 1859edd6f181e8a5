#pragma once
// Where OpenVINO may be. Looking reads folders and runs nothing.
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace accelerate::openvino_engine {

/// A file that is called as OpenVINO's C library is, and how it was found. The name proves nothing.
struct Installation {
  std::filesystem::path library;
  std::string found_by;  // "OPENVINO_DIR", "the library path", "the Python environment /x"
};

/// Candidates in the order of preference, and for each place that was named and holds none: why.
struct Detection {
  std::vector<Installation> found;
  std::vector<std::string> rejected;
  /// All reasons on one line, for a person.
  std::string explanation() const;
};

/// Three methods, in this order: OPENVINO_DIR, INTEL_OPENVINO_DIR and OpenVINO_DIR (a root of an installation, its
/// `cmake` folder or one that holds the libraries); the library path (LD_LIBRARY_PATH and the system's folders); the
/// package `openvino` in the Python environments of ACCELERATE_PYTHON, VIRTUAL_ENV, CONDA_PREFIX and python3 on PATH.
/// The environment comes as a function (null result: not set).
Detection detect(const std::function<const char*(const char*)>& environment,
                 const std::vector<std::filesystem::path>& system_folders = {
                     "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"});

}  // namespace accelerate::openvino_engine
