#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "import/bundle/manifest.h"
#include "runtime/session.h"

namespace accelerate::skills {

/// What a skill is made of: either `model` or `class_name`.
struct GenerateRequest {
  /// A model folder, ipfs://CID of one that the store has, or a hub's id (find_model).
  std::string model;
  /// A class of transformers: made on a small configuration with random weights, which lie in the skill.
  std::string class_name;
  /// Hugging Face task; empty: what the model is made for.
  std::string task;
  /// Of the skill and its folder; empty: from the model.
  std::string name;
};

struct GenerateOptions {
  /// The skill is the folder NAME below it.
  std::filesystem::path output_dir = "skills";
  /// Replaces a skill of this name.
  bool force = false;
  bool verify = true;
  bool self_contained = false;
  /// "auto" (native where a family is built in), "native" or "captured".
  std::string graph = "auto";
  /// Where verification runs.
  SessionOptions session;
  /// With torch, transformers and the package ipfs_accelerate; empty: capture_python().
  std::string python;
  std::filesystem::path store_folder;
  int seed = 0;
  double capture_seconds = 900;  // of processor time
  uint64_t memory_bytes = uint64_t{16} << 30;
  CancelToken cancel;
};

struct GeneratedSkill {
  std::filesystem::path folder;
  import::Manifest manifest;
  double generate_ms = 0;
  double verify_ms = 0;
};

/// Makes the skill of a model: a native graph where there is a builder, else a captured one; runs it against
/// transformers (without a Python that has it, a native graph against the reference backend of this program) and puts
/// the folder in place. What fails leaves nothing behind. Errors: not_found for a model that is nowhere;
/// invalid_argument for an unknown class (with the nearest names), a folder that another model has, a name that is no
/// file name; unsupported_model if it cannot be captured; execution_failed if the skill differs from the reference;
/// io_error for a folder that cannot be written; those of import::open.
GeneratedSkill generate(const GenerateRequest& request, const GenerateOptions& options);

/// One entry of generate_all.
struct GenerateOutcome {
  GenerateRequest request;
  /// Empty folder if it failed.
  GeneratedSkill skill;
  std::string error_code;
  std::string error;
  bool succeeded() const { return error.empty(); }
};
Json to_json(const GenerateOutcome& outcome);

/// Makes several, `parallel` at a time; a failure is an outcome. `take` hears of each, one at a time.
/// Errors: cancelled.
std::vector<GenerateOutcome> generate_all(const std::vector<GenerateRequest>& requests, const GenerateOptions& options,
                                          int parallel, const std::function<void(const GenerateOutcome&)>& take);

/// Classes that have a native builder, and those of a family (model_type), native or not. Errors: invalid_argument for
/// an unknown family, with the nearest names; io_error without a Python that lists the classes.
std::vector<std::string> native_classes();
std::vector<std::string> family_classes(const std::string& family, const GenerateOptions& options);

}  // namespace accelerate::skills
