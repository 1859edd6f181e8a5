#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace accelerate::skills {

/// A model class of transformers.
struct ModelClass {
  std::string name;
  std::string module;
  std::string family;    // model_type
  std::string modality;  // "text", "image", ...
  std::vector<std::string> auto_classes;
};

/// The verdict on one class.
struct CoverageRecord {
  ModelClass model;
  /// How far it came: "config", "instantiate", "inputs", "eager", "export", "archive" (Python), "import", "compile",
  /// "execute", "compare" (this program), or "passed"; "untried".
  std::string stage;
  /// The reason is the model's own: no forward, control flow that depends on data, a dependency that no registry has.
  bool own = false;
  std::string reason;
  Json culprit;
  int sets = 0;   // input sets compared
  int nodes = 0;  // of the imported graph
  double max_rel = 0;
  double capture_s = 0;  // configuration, eager runs, export, archive
  double import_ms = 0;
  double compile_ms = 0;
  double execute_ms = 0;
  double peak_mb = 0;  // of this program

  bool passed() const { return stage == "passed"; }
  bool tried() const { return stage != "untried"; }
};

Json to_json(const CoverageRecord& record);
/// Errors: invalid_model.
CoverageRecord record_from_json(const Json& json);

/// Records by class name.
using CoverageTable = std::map<std::string, CoverageRecord>;

/// Reads a file of one JSON record a line; the last record of a class counts, a torn last line is left out.
/// Errors: not_found, io_error, invalid_model with the line.
CoverageTable read_records(const std::filesystem::path& path);

/// The table that is committed: tab-separated, a row a class, sorted by name. Errors: as read_records.
CoverageTable read_table(const std::filesystem::path& path);
std::string write_table(const CoverageTable& table);

/// Totals of a group of classes.
struct CoverageTotal {
  std::string name;
  int classes = 0;
  int passed = 0;
  int own = 0;  // not passed, for a reason of the model's own
  int untried = 0;
};
CoverageTotal total_of(const CoverageTable& table);
/// By modality, by family (those of two or more classes), by AutoModel class; largest first.
std::vector<CoverageTotal> totals_by_modality(const CoverageTable& table);
std::vector<CoverageTotal> totals_by_family(const CoverageTable& table);
std::vector<CoverageTotal> totals_by_auto_class(const CoverageTable& table);

/// Failures by stage and reason, numbers and names in the reasons made equal; most frequent first.
struct CoverageFailure {
  std::string stage;
  std::string reason;
  std::vector<std::string> classes;
  bool own = false;
};
std::vector<CoverageFailure> failures(const CoverageTable& table);

/// The page docs/coverage.md.
std::string coverage_page(const CoverageTable& table);

}  // namespace accelerate::skills
