#include "preprocess/image/families/families.h"

#include <cstring>

#include "base/error.h"
#include "preprocess/image/resize.h"

namespace accelerate {

Image resize_for(const ImageProcessorConfig& config, const Image& image, ImageSize size) {
  constexpr int64_t kMaxPixels = int64_t{1} << 26;
  if (size.height < 1 || size.width < 1 || size.width > kMaxPixels / size.height) {
    fail(ErrorCode::invalid_argument,
         "an image of {} x {} pixels has too extreme a shape for {}: it would be resized to {} x {}; crop it first",
         image.width, image.height, config.type, size.width, size.height);
  }
  if (size == ImageSize{image.height, image.width}) return image;
  const ResizeArithmetic arithmetic =
      config.backend == ImageBackend::torchvision ? ResizeArithmetic::torch : ResizeArithmetic::pillow;
  return resize_image(image, size.height, size.width, config.resample, arithmetic);
}

Image place_on_black(const Image& image, ImageSize size, int64_t top, int64_t left) {
  if (top < 0 || left < 0 || top > size.height - image.height || left > size.width - image.width) {
    fail(ErrorCode::internal, "a picture of {} x {} at ({}, {}) does not fit {} x {}", image.width, image.height, left,
         top, size.width, size.height);
  }
  Image out{size.width, size.height, std::vector<uint8_t>(static_cast<size_t>(size.width * size.height * 3))};
  for (int64_t y = 0; y < image.height; ++y) {
    std::memcpy(out.rgb.data() + ((top + y) * size.width + left) * 3, image.rgb.data() + y * image.width * 3,
                static_cast<size_t>(image.width * 3));
  }
  return out;
}

Image crop_image(const Image& image, int64_t top, int64_t left, ImageSize size) {
  if (top < 0 || left < 0 || top > image.height - size.height || left > image.width - size.width) {
    fail(ErrorCode::internal, "a crop of {} x {} at ({}, {}) is not inside {} x {}", size.width, size.height, left, top,
         image.width, image.height);
  }
  Image out{size.width, size.height, std::vector<uint8_t>(static_cast<size_t>(size.width * size.height * 3))};
  for (int64_t y = 0; y < size.height; ++y) {
    std::memcpy(out.rgb.data() + y * size.width * 3, image.rgb.data() + ((top + y) * image.width + left) * 3,
                static_cast<size_t>(size.width * 3));
  }
  return out;
}

Tensor size_tensor(std::span<const ImageSize> sizes) {
  Tensor tensor(DType::i64, {static_cast<int64_t>(sizes.size()), 2});
  for (size_t i = 0; i < sizes.size(); ++i) {
    tensor.as<int64_t>()[2 * i] = sizes[i].height;
    tensor.as<int64_t>()[2 * i + 1] = sizes[i].width;
  }
  return tensor;
}

void check_batch(int64_t batch, ImageSize size) {
  constexpr int64_t kMaxValues = int64_t{1} << 30;
  if (batch < 1 || size.height < 1 || size.width < 1 || size.width > kMaxValues / size.height / 3 / batch) {
    fail(ErrorCode::invalid_argument, "a batch of {} images of {} x {} is too large; process fewer at once", batch,
         size.width, size.height);
  }
}

}  // namespace accelerate
