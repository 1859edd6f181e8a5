// The plain pipeline with channels in another order or range: MobileViT, EfficientNet.
#include <algorithm>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/image_processor.h"

namespace accelerate {
namespace {

class Channels : public ImageFamily {
 public:
  /// value * scale[c] + offset[c], then the order of channels turned round.
  Channels(const ImageProcessorConfig& config, bool flips, std::array<double, 3> scale, std::array<double, 3> offset)
      : processor_(config), flips_(flips), scale_(scale), offset_(offset) {}

  ModelInputs process(std::span<const Image> images) const override {
    const PixelValues pixels = processor_.process_batch(images);
    const int64_t plane = pixels.height * pixels.width;
    Tensor values(DType::f32, {pixels.batch, 3, pixels.height, pixels.width});
    for (int64_t i = 0; i < pixels.batch * 3; ++i) {
      const int64_t c = i % 3;
      const float* in = pixels.values.data() + i * plane;
      float* out = values.as<float>() + (flips_ ? i - c + 2 - c : i) * plane;
      const auto scale = static_cast<float>(scale_[c]);
      const auto offset = static_cast<float>(offset_[c]);
      for (int64_t k = 0; k < plane; ++k) out[k] = in[k] * scale + offset;
    }
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    return inputs;
  }

 private:
  ImageProcessor processor_;
  bool flips_;
  std::array<double, 3> scale_;
  std::array<double, 3> offset_;
};

/// `size` in the forms that parse_image_processor reads.
ImageProcessorConfig parse_plain(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  const auto size = json.find("size");
  if (size != json.end() && size->is_number_integer()) {
    const int64_t side = json_int(json, "size", std::nullopt, 1, kMaxConfiguredSide);
    config.size = config.default_to_square ? SizeRule{.height = side, .width = side} : SizeRule{.shortest_edge = side};
  } else {
    config.size = parse_size_fields(json, "size", defaults.size);
  }
  return config;
}

std::shared_ptr<const ImageFamily> make_mobilevit(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_plain(json, defaults);
  config.do_normalize = false;  // transformers' class has no normalisation
  return std::make_shared<Channels>(config, json_bool(json, "do_flip_channel_order", true), std::array{1.0, 1.0, 1.0},
                                    std::array{0.0, 0.0, 0.0});
}

std::shared_ptr<const ImageFamily> make_efficientnet(const Json& json, const ImageProcessorConfig& defaults) {
  const ImageProcessorConfig config = parse_plain(json, defaults);
  std::array<double, 3> scale = {1, 1, 1};
  std::array<double, 3> offset = {0, 0, 0};
  const bool shifts = json_bool(json, "rescale_offset", false) && config.do_rescale;
  // include_top divides by the deviations once more.
  const bool divides = json_bool(json, "include_top", true);
  for (size_t c = 0; c < 3; ++c) {
    if (shifts) offset[c] = config.do_normalize ? -1.0 / config.std[c] : -1.0;
    if (divides) {
      scale[c] /= config.std[c];
      offset[c] /= config.std[c];
    }
  }
  return std::make_shared<Channels>(config, false, scale, offset);
}

const ImageFamilyClass kClasses[] = {
    {"MobileViTImageProcessor",
     " mobilevit mobilevitv2 ",
     {.default_to_square = false,
      .size = {.shortest_edge = 224},
      .resample = Resample::bicubic,
      .do_center_crop = true,
      .crop_size = {.height = 256, .width = 256},
      .do_normalize = false},
     make_mobilevit},
    {"EfficientNetImageProcessor",
     " efficientnet ",
     {.size = {.height = 346, .width = 346}, .resample = Resample::bicubic, .crop_size = {.height = 289, .width = 289}},
     make_efficientnet},
};

}  // namespace

std::span<const ImageFamilyClass> channel_image_families() {
  return kClasses;
}

}  // namespace accelerate
