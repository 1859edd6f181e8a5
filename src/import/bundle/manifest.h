#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace accelerate::import {

/// The file that makes a folder a skill.
inline constexpr std::string_view kManifest = "skill.json";
/// The newest form of it that this program reads, and the one that it writes.
inline constexpr int64_t kManifestSchema = 1;

/// A file of a skill's own folder, under its name there.
struct BundleFile {
  std::string sha256;
  uint64_t size_bytes = 0;
};

/// A weight file, which is referred to and never copied.
struct BundleWeights {
  /// Its name among the files of the model: "model.safetensors", "2_Dense/model.safetensors".
  std::string name;
  /// Where it is: an absolute path, or one relative to the skill's folder. A file of this name in the skill's folder
  /// goes first.
  std::string path;
  std::string sha256;
  uint64_t size_bytes = 0;
  /// The tensors that the graphs use.
  std::vector<std::string> tensors;
};

/// Tensors of a captured program that no weight file holds: a safetensors file of the skill's folder. The graph calls
/// them `prefix` + their name in the file.
struct BundleConstants {
  std::string prefix;
  std::string file;
};

/// What skill.json says.
struct Manifest {
  std::string name;
  std::string architecture;
  std::string model_type;
  /// Hugging Face name of the task; empty for a class whose task has no name.
  std::string task;
  /// "native" or "captured".
  std::string graph_kind;
  /// The text form of the program.
  std::string graph_file;
  /// identity_hash of the program.
  std::string graph_identity;
  std::vector<std::string> roles;
  /// base_model_prefix of the family, for checkpoints whose names lack it or have it.
  std::string weight_prefix;
  std::vector<BundleConstants> constants;
  std::vector<BundleWeights> weights;
  /// All files of the folder but skill.json itself and weights.
  std::map<std::string, BundleFile> files;
  Json provenance = Json::object();
  /// What was compared with what; null if nothing was.
  Json verification;
};

/// Errors: invalid_model for malformed content, a name that leaves the folder, or a digest of another form;
/// unsupported_format for a newer schema.
Manifest parse_manifest(std::string_view text, std::string_view what);
Json to_json(const Manifest& manifest);

}  // namespace accelerate::import
