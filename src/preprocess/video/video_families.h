#pragma once
#include <memory>
#include <string_view>

#include "base/json.h"
#include "preprocess/image/processor_config.h"
#include "preprocess/video/video_processor.h"

namespace accelerate {

/// Every frame through the image pipeline, stacked under `name`. With `offset`, values are rescaled, lowered by 1, and
/// then normalised. Errors: invalid_model.
std::shared_ptr<const VideoFamily> make_stacked_frames(const ImageProcessorConfig& config, std::string_view name,
                                                       bool offset);

/// Qwen2-VL's patches. Errors: invalid_model.
std::shared_ptr<const VideoFamily> make_frame_patches(const Json& json, const ImageProcessorConfig& config);

}  // namespace accelerate
