#include "preprocess/image/pixel_table.h"

#include <cmath>

#include "base/error.h"

namespace accelerate {

std::vector<float> pixel_table(const ImageProcessorConfig& config) {
  std::vector<float> table(3 * 256);
  const auto inverse = static_cast<float>(1.0 / config.rescale_factor);
  for (int c = 0; c < 3; ++c) {
    auto mean = static_cast<float>(config.mean[c]);
    auto std = static_cast<float>(config.std[c]);
    const bool fused = config.backend == ImageBackend::torchvision && config.do_rescale && config.do_normalize;
    if (fused) {
      mean *= inverse;
      std *= inverse;
    }
    for (int byte = 0; byte < 256; ++byte) {
      auto value = static_cast<float>(byte);
      if (config.do_rescale && !fused) {
        value = config.backend == ImageBackend::torchvision ? value * static_cast<float>(config.rescale_factor)
                                                            : static_cast<float>(byte * config.rescale_factor);
      }
      table[c * 256 + byte] = config.do_normalize ? (value - mean) / std : value;
    }
  }
  for (const float value : table) {
    if (!std::isfinite(value)) {
      fail(ErrorCode::invalid_model,
           "rescale_factor {}, image_mean and image_std {} {} {} give values that are not finite",
           config.rescale_factor, config.std[0], config.std[1], config.std[2]);
    }
  }
  return table;
}

void write_planes(const Image& image, std::span<const float> table, float* out, int64_t width, int64_t plane) {
  for (int64_t c = 0; c < 3; ++c) {
    const float* values = table.data() + c * 256;
    for (int64_t y = 0; y < image.height; ++y) {
      const uint8_t* in = image.rgb.data() + y * image.width * 3 + c;
      float* row = out + c * plane + y * width;
      for (int64_t x = 0; x < image.width; ++x) row[x] = values[in[3 * x]];
    }
  }
}

}  // namespace accelerate
