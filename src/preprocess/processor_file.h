#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace accelerate {

/// The JSON that configures one processor of a model folder, and where it was found.
struct ProcessorFile {
  Json json;
  std::string_view name;
  /// "model_type" of config.json; empty where there is none.
  std::string model_type;
};

/// The object `key` ("image_processor", "feature_extractor", "video_processor") of processor_config.json, else the
/// first of the files `plain` that exists. The names in `plain` must be literals: the result keeps a view of one.
/// Errors: not_found if there is none of them; invalid_model for a file that is not JSON.
/// Source: transformers, ProcessorMixin.save_pretrained (one file), *Processor.save_pretrained (a file each).
ProcessorFile read_processor_file(const FileSet& files, std::string_view key, std::span<const std::string_view> plain);

}  // namespace accelerate
