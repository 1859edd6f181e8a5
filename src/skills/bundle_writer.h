#pragma once
#include <filesystem>
#include <string>

#include "import/bundle/manifest.h"
#include "import/open.h"

namespace accelerate::skills {

struct BundleRequest {
  std::string name;
  std::string task;
  /// "native" or "captured".
  std::string graph_kind;
  /// The class and the family's base_model_prefix, as Manifest has them.
  std::string architecture;
  std::string weight_prefix;
  /// Weight files come into the folder as reflinks or hard links, instead of being referred to where they are.
  bool self_contained = false;
};

/// Writes a model as a skill into `folder`, which exists: graph.txt, constants, the configuration, tokenizer and
/// processor files. Weight files that lie in `folder` are referred to by name, others by their real path. skill.json is
/// left to the caller (write_manifest). Errors: io_error, with the reason if a weight file can neither be cloned nor
/// linked.
import::Manifest write_bundle(const std::filesystem::path& folder, const import::OpenedModel& opened,
                              const BundleRequest& request);

/// Lists a further file of the folder in the manifest.
void add_file(import::Manifest& manifest, const std::filesystem::path& folder, const std::string& name);
void write_manifest(const std::filesystem::path& folder, const import::Manifest& manifest);

}  // namespace accelerate::skills
