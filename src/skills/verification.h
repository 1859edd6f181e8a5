#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "import/open.h"
#include "runtime/session.h"

namespace accelerate::skills {

/// How well one output agrees with its reference.
struct OutputAgreement {
  std::string name;
  std::string type;  // "f32[2, 7, 64]"
  int set = 0;       // number of the inputs
  /// max|a-b| and max|a-b|/max|b| over finite elements; of whole numbers: how many differ, and their share.
  double max_abs = 0;
  double max_rel = 0;
  bool agrees = false;
  std::string reason;  // why not
};

/// Tensor a against reference b. Floats: max|a-b| <= tolerance * max|b|, where infinities, NaN and values beyond 1e30
/// (masks) must be the same on both sides; whole numbers and bools: equal.
OutputAgreement compare(const Tensor& a, const Tensor& b, double tolerance);

/// Where a verification came to.
enum class Stage { import, compile, execute, compare, passed };
std::string_view name_of(Stage stage);

struct Verification {
  Stage stage = Stage::import;  // that failed, or passed
  std::string error_code;       // of the Error behind a failure
  std::string reason;           // in words, empty if passed
  /// What is at fault: {"kind": "graph"|"pass"|"kernel"|"op", "name": ...}; null if passed or unknown.
  Json culprit;
  std::vector<OutputAgreement> outputs;  // of all input sets
  ModelReport report;                    // once compiled
  int num_sets = 0;
  int num_nodes = 0;
  double import_ms = 0;
  double compile_ms = 0;
  double execute_ms = 0;  // of the first set
  double max_rel = 0;     // worst output
  bool passed() const { return stage == Stage::passed; }
};
Json to_json(const Verification& verification);

struct VerificationOptions {
  import::OpenOptions open;
  SessionOptions session;
  double tolerance = 1e-4;
  /// On a disagreement, find the pass, kernel or graph at fault.
  bool locate = true;
  /// False: recorded outputs that the graph does not have are left out; one at least must be there.
  bool all_outputs = true;
};

/// Runs the model of a folder on its inputs-K.safetensors, K = 0, 1, ..., and compares with outputs-K.safetensors:
/// tensors by the names of the graph's inputs and outputs. A failure is a result, not an error.
/// Errors: not_found if there is no such folder or no inputs-0.safetensors in it.
Verification verify_folder(const std::filesystem::path& folder, const VerificationOptions& options);

/// The same with the recorded inputs and outputs in another set of files.
Verification verify_files(const std::shared_ptr<FileSet>& files, const FileSet& recorded,
                          const VerificationOptions& options);

}  // namespace accelerate::skills
