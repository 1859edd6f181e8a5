#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "import/bundle/manifest.h"

namespace accelerate::import {

/// The files of a skill: those of its folder, and its weight files where they are, under their names in the model. All
/// have the digests that the manifest gives.
class BundleFiles final : public FileSet {
 public:
  /// Compares every file with its digest; nothing is mapped before.
  /// Errors: those of parse_manifest; not_found for a file that is missing; invalid_model for a file of the folder, or
  /// invalid_weights for a weight file, whose content is another one; io_error.
  static std::shared_ptr<BundleFiles> open(const std::filesystem::path& folder);

  const Manifest& manifest() const { return manifest_; }

  bool contains(std::string_view name) const override;
  std::string read(std::string_view name, size_t max_bytes) const override;
  std::shared_ptr<MappedFile> map(std::string_view name) const override;
  std::vector<std::string> list() const override;
  std::string description() const override { return folder_->description(); }

 private:
  BundleFiles() = default;
  std::filesystem::path path_;
  std::shared_ptr<FileSet> folder_;
  Manifest manifest_;
  /// Weight files by name.
  std::map<std::string, std::filesystem::path, std::less<>> weights_;
};

/// True if the folder holds a skill.json.
bool is_bundle(const std::filesystem::path& folder);

struct BundleModel {
  Program program;
  std::shared_ptr<const WeightSource> weights;
};
/// The program of a skill and the source of its weights. model_files: where config.json and the checkpoint are, the
/// files themselves or a folder of them. Errors: those of parse_program; invalid_graph if the program is not the one
/// that the manifest names; those of SafetensorsSource.
BundleModel open_bundle(const BundleFiles& files, const FileSet& model_files);

}  // namespace accelerate::import
