#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"

namespace accelerate::import {

/// A lone .pt2 file as the set of files of a model: the folder that it lies in, where config.json, weights and
/// tokenizer may stand beside it, with the archive under the name "model.pt2". Without a config.json there is one that
/// names the class, as far as the archive tells.
class Pt2Files final : public FileSet {
 public:
  /// Errors: those of opening a file and of reading an archive.
  explicit Pt2Files(const std::filesystem::path& file);
  bool contains(std::string_view name) const override;
  std::string read(std::string_view name, size_t max_bytes) const override;
  std::shared_ptr<MappedFile> map(std::string_view name) const override;
  std::vector<std::string> list() const override;
  std::string description() const override;

 private:
  std::filesystem::path file_;
  std::shared_ptr<MappedFile> archive_;
  std::shared_ptr<FileSet> folder_;
  /// Empty if a config.json stands beside the archive.
  std::string config_;
};

}  // namespace accelerate::import
