#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "graph/weights.h"

namespace accelerate::import {

/// One tensor of a safetensors file; its bytes are [begin, begin + size_bytes) of the file.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  size_t begin = 0;
  size_t size_bytes = 0;
};

struct SafetensorsHeader {
  /// In the order of their bytes.
  std::vector<SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads and validates the header of a whole file: size, JSON, names, dtypes, shapes, and that the tensors fill the
/// file exactly, without holes or overlaps. `what` names the file in errors.
/// Errors: invalid_weights, naming the tensor where there is one.
/// Source: https://huggingface.co/docs/safetensors, "Format".
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, std::string_view what);

/// The content of a safetensors file that holds these tensors. Errors: invalid_dtype for a token.
std::string safetensors_bytes(const std::map<std::string, Tensor>& tensors);

/// Every tensor of a file, copied. Errors: as SafetensorsSource::open.
std::map<std::string, Tensor> read_safetensors(const FileSet& files, std::string_view name);

/// Tensors of one or several mapped safetensors files. Reading a tensor costs nothing until its bytes are touched;
/// a tensor that is not aligned for its dtype is copied.
class SafetensorsSource final : public WeightSource {
 public:
  /// One file of a set. Errors: not_found, io_error, invalid_weights.
  static std::shared_ptr<SafetensorsSource> open(const FileSet& files, std::string_view name);
  /// The shards that a "NAME.safetensors.index.json" lists; shards lie beside the index.
  /// Errors: as above; invalid_weights naming what is missing (a shard, or a tensor of one), or a tensor that two
  /// shards hold while the index does not say which counts.
  static std::shared_ptr<SafetensorsSource> open_sharded(const FileSet& files, std::string_view index_name);

  std::vector<std::string> names() const override;
  std::optional<WeightInfo> find(std::string_view name) const override;
  Tensor read(std::string_view name) const override;
  void release(std::string_view name, size_t offset_bytes, size_t size_bytes) const override;
  void check() const override;

  /// __metadata__ of the files, merged.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  size_t num_files() const { return files_.size(); }

 private:
  struct Place {
    size_t file = 0;
    SafetensorsEntry entry;
  };
  void add_file(std::shared_ptr<MappedFile> file, const std::map<std::string, size_t>& wanted_file);
  const Place& place_of(std::string_view name) const;

  std::vector<std::shared_ptr<MappedFile>> files_;
  std::map<std::string, Place, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace accelerate::import
