#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "preprocess/image/image.h"
#include "preprocess/image/processor_config.h"

namespace accelerate {

/// [3, 256]: the value of each byte of a channel after rescaling and normalisation, in the order of operations of the
/// processor that is reproduced. Errors: invalid_model if a value is not finite.
std::vector<float> pixel_table(const ImageProcessorConfig& config);

/// The picture's values as planes: out[c * plane + y * width + x] for the top left of planes of `width` columns.
void write_planes(const Image& image, std::span<const float> table, float* out, int64_t width, int64_t plane);

}  // namespace accelerate
