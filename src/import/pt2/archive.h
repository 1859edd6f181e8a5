#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/weights.h"
#include "import/pt2/schema.h"
#include "import/pt2/weight_recipe.h"
#include "import/pt2/zip.h"

namespace accelerate::import::pt2 {

/// What extra/ipfs_accelerate.json of a captured archive tells.
struct CaptureFacts {
  std::string architecture;
  std::string model_type;
  std::string transformers_version;
  /// "plain", or "attention": decoders whose attention is one op with a state.
  std::string form;
  /// In the order of the graph's user inputs and outputs.
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  /// Name of a parameter or buffer -> where it is in the safetensors files.
  std::map<std::string, WeightRecipe> weights;
};

/// The tensors that lie in an archive, by their names in the model. Contiguous ones are views of the map.
class ArchiveTensors final : public WeightSource {
 public:
  /// Tensors that are listed with no bytes of their own (weights that were left out) are not part of it.
  /// Errors: invalid_model for a tensor that reaches beyond its bytes.
  ArchiveTensors(std::shared_ptr<const ZipArchive> archive, const std::string& folder,
                 const std::map<std::string, Payload>& payloads);
  std::vector<std::string> names() const override;
  std::optional<WeightInfo> find(std::string_view name) const override;
  Tensor read(std::string_view name) const override;
  void release(std::string_view name, size_t offset_bytes, size_t size_bytes) const override;
  void check() const override { archive_->file()->check(); }

 private:
  struct Place {
    WeightInfo info;
    std::vector<int64_t> strides;  // in elements; empty: contiguous
    uint64_t begin = 0;            // of the first element, in the file
  };
  const Place& place_of(std::string_view name) const;
  std::shared_ptr<const ZipArchive> archive_;
  std::map<std::string, Place, std::less<>> tensors_;
};

/// A torch.export archive, read but not converted.
struct Archive {
  ExportedProgram program;
  std::optional<CaptureFacts> facts;
  /// data/weights and data/constants.
  std::shared_ptr<const ArchiveTensors> weights;
  std::shared_ptr<const ArchiveTensors> constants;
  std::string description;
};

/// Errors: invalid_model, unsupported_format (a later schema, big-endian numbers, several models), io_error.
/// Source: torch/export/pt2_archive, archive format version 0.
Archive read_archive(std::shared_ptr<MappedFile> file);
/// What the archive tells of its model, without its program. Errors: as read_archive.
std::optional<CaptureFacts> read_facts(std::shared_ptr<MappedFile> file);

}  // namespace accelerate::import::pt2
