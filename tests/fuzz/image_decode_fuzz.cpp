// Any bytes decode to an image or give accelerate::Error; what decodes can be processed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "preprocess/image/decode.h"
#include "preprocess/image/image_processor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  static const ImageProcessor processor = [] {
    ImageProcessorConfig config = default_image_processor("CLIPImageProcessor");
    config.size.shortest_edge = 24;
    config.crop_size = {.height = 20, .width = 28};
    return ImageProcessor(config);
  }();
  try {
    const Image image = decode_image(std::as_bytes(std::span(data, size)), {.max_pixels = 1 << 16, .max_side = 4096});
    if (static_cast<int64_t>(image.rgb.size()) != image.width * image.height * 3) std::abort();
    if (processor.process(image).values.size() != 3 * 20 * 28) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
