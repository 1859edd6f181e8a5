#pragma once
#include <memory>

#include "base/file.h"
#include "import/safetensors.h"

namespace accelerate::import {

/// The weights of a Hugging Face folder: model.safetensors, or the shards of model.safetensors.index.json.
/// Pickled weights (.bin, .pt, .pth, .ckpt) are never read, because reading them runs code.
/// Errors: not_found if there are no weights; unsupported_format for weights in another format, with the command that
/// converts them; those of SafetensorsSource.
std::shared_ptr<SafetensorsSource> open_weights(const FileSet& files);

}  // namespace accelerate::import
