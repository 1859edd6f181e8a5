#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "preprocess/image/image.h"
#include "preprocess/image/processor_config.h"
#include "preprocess/image/sizes.h"

namespace accelerate {

/// Model input: values [B,3,H,W] f32, channels R, G, B, contiguous.
struct PixelValues {
  int64_t batch = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<float> values;
};

/// Turns pictures into pixel values as a transformers image processor does: resize, centre crop, rescale,
/// normalise, pad, in this order. Resizing reproduces the integer arithmetic of torchvision or Pillow, so that
/// the result equals the Hugging Face processor's. Immutable: one object serves any number of threads.
/// Source: transformers 5.23, image_processing_backends.py.
class ImageProcessor {
 public:
  /// Errors: invalid_model if the settings are contradictory.
  explicit ImageProcessor(ImageProcessorConfig config);

  /// Reads processor_config.json (its "image_processor" object) or else preprocessor_config.json; config.json
  /// gives the model type of files that name no class.
  /// Errors: not_found if there is neither file; those of parse_json and parse_image_processor.
  static ImageProcessor from_files(const FileSet& files);

  const ImageProcessorConfig& config() const { return config_; }

  /// The size of the pixel values of a picture of this size.
  /// Errors: invalid_argument if the picture cannot be brought to the configured size (an extreme shape).
  ImageSize output_size(int64_t height, int64_t width) const;

  /// Writes [3,H,W] with H and W from output_size. Errors: those of output_size and resize_image;
  /// invalid_argument if out.size() is not 3 * H * W.
  void process(const Image& image, std::span<float> out) const;

  /// One picture, as a batch of 1.
  PixelValues process(const Image& image) const;

  /// Pictures that all come out at the same size. Errors: also invalid_argument if there is none, or if their
  /// sizes differ.
  PixelValues process_batch(std::span<const Image> images) const;

 private:
  ImageProcessorConfig config_;
  std::vector<float> table_;  // [3, 256]: the value of each byte, a channel
};

}  // namespace accelerate
