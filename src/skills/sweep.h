#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "skills/coverage.h"

namespace accelerate::skills {

struct SweepOptions {
  std::string python = "python3";  // with torch, transformers and the package ipfs_accelerate
  std::string program;             // ipfs-accelerate, for `verify`
  /// Case folders are made below it, one a class, and deleted after use unless keep is set.
  std::filesystem::path work;
  bool keep = false;
  /// Verify the case folders that an earlier sweep kept instead of capturing these classes again.
  bool reuse = false;
  int jobs = 1;
  int seed = 0;
  std::string device = "cpu";
  double capture_seconds = 150;  // of processor time
  double verify_seconds = 120;
  uint64_t memory_bytes = uint64_t{8} << 30;  // of one child
  CancelToken cancel;
};

/// All model classes of the installed transformers. Errors: io_error with what Python said; cancelled.
std::vector<ModelClass> list_model_classes(const SweepOptions& options);

/// Captures each class in Python, verifies it with this program in a child process, and hands the record over, one at a
/// time. A failure of a class, crash and hang included, is a record. Errors: io_error if no worker starts; cancelled.
void sweep(const std::vector<ModelClass>& classes, const SweepOptions& options,
           const std::function<void(const CoverageRecord&)>& take);

/// About `count` classes that stand for all: the same share of each modality, as many families as there can be, always
/// the same ones.
std::vector<ModelClass> stratified_sample(std::vector<ModelClass> classes, size_t count);

}  // namespace accelerate::skills
