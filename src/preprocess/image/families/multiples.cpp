// Classes whose sizes are multiples of a number: DPT, GLPN, Swin2SR.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/pixel_table.h"

namespace accelerate {
namespace {

/// Pictures of one size as [B,3,H,W], at an offset inside zeros that follow normalisation.
Tensor stack(std::span<const Image> images, std::span<const float> table, ImageSize size, int64_t top, int64_t left) {
  check_batch(static_cast<int64_t>(images.size()), size);
  for (size_t i = 1; i < images.size(); ++i) {
    if (images[i].height == images[0].height && images[i].width == images[0].width) continue;
    fail(ErrorCode::invalid_argument,
         "image {} comes out at {} x {} and image 0 at {} x {}; a batch needs one size: process them one by one", i,
         images[i].width, images[i].height, images[0].width, images[0].height);
  }
  const int64_t plane = size.height * size.width;
  Tensor values = Tensor::zeros(DType::f32, {static_cast<int64_t>(images.size()), 3, size.height, size.width});
  for (size_t i = 0; i < images.size(); ++i) {
    float* out = values.as<float>() + static_cast<int64_t>(i) * 3 * plane + top * size.width + left;
    write_planes(images[i], table, out, size.width, plane);
  }
  return values;
}

ModelInputs pixel_values(Tensor values) {
  ModelInputs inputs;
  inputs.add("pixel_values", std::move(values));
  return inputs;
}

class Dpt : public ImageFamily {
 public:
  Dpt(ImageProcessorConfig config, const Json& json)
      : config_(std::move(config)),
        multiple_(json_int(json, "ensure_multiple_of", 1, 1, 4096)),
        divisor_(config_.do_pad ? json_int(json, "size_divisor", std::nullopt, 1, 4096) : 1),
        keep_aspect_ratio_(json_bool(json, "keep_aspect_ratio", false)),
        table_(pixel_table(config_)) {
    if (config_.do_resize && (config_.size.height == 0 || config_.size.width == 0)) {
      fail(ErrorCode::invalid_model, "size has no height and width, which {} needs", config_.type);
    }
    if (config_.do_center_crop)
      fail(ErrorCode::invalid_model, "do_center_crop is true; {} is supported without", config_.type);
  }

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    for (const Image& image : images)
      resized.push_back(config_.do_resize ? resize_for(config_, image, target(image)) : image);
    const ImageSize inner = {resized[0].height, resized[0].width};
    const ImageSize size = {(inner.height + divisor_ - 1) / divisor_ * divisor_,
                            (inner.width + divisor_ - 1) / divisor_ * divisor_};
    return pixel_values(stack(resized, table_, size, (size.height - inner.height) / 2, (size.width - inner.width) / 2));
  }

 private:
  ImageSize target(const Image& image) const {
    const auto height = static_cast<double>(image.height);
    const auto width = static_cast<double>(image.width);
    double scale_height = static_cast<double>(config_.size.height) / height;
    double scale_width = static_cast<double>(config_.size.width) / width;
    if (keep_aspect_ratio_) {
      if (std::fabs(1 - scale_width) < std::fabs(1 - scale_height)) {
        scale_height = scale_width;
      } else {
        scale_width = scale_height;
      }
    }
    const auto multiple = static_cast<double>(multiple_);
    return {rounded(scale_height * height / multiple) * multiple_, rounded(scale_width * width / multiple) * multiple_};
  }

  ImageProcessorConfig config_;
  int64_t multiple_;
  int64_t divisor_;
  bool keep_aspect_ratio_;
  std::vector<float> table_;
};

/// Sides rounded down to a multiple.
class Glpn : public ImageFamily {
 public:
  Glpn(ImageProcessorConfig config, int64_t divisor)
      : config_(std::move(config)), divisor_(divisor), table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    for (const Image& image : images) {
      const ImageSize size = {image.height / divisor_ * divisor_, image.width / divisor_ * divisor_};
      resized.push_back(config_.do_resize ? resize_for(config_, image, size) : image);
    }
    return pixel_values(stack(resized, table_, {resized[0].height, resized[0].width}, 0, 0));
  }

 private:
  ImageProcessorConfig config_;
  int64_t divisor_;
  std::vector<float> table_;
};

/// Mirrored at the right and bottom to the next multiple, a whole one if the side is a multiple already.
class Swin2SR : public ImageFamily {
 public:
  Swin2SR(ImageProcessorConfig config, int64_t divisor)
      : config_(std::move(config)), divisor_(divisor), table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> mirrored;
    for (const Image& image : images) mirrored.push_back(config_.do_pad ? mirror(image) : image);
    return pixel_values(stack(mirrored, table_, {mirrored[0].height, mirrored[0].width}, 0, 0));
  }

 private:
  Image mirror(const Image& image) const {
    const ImageSize size = {(image.height / divisor_ + 1) * divisor_, (image.width / divisor_ + 1) * divisor_};
    check_batch(1, size);
    Image out{size.width, size.height, std::vector<uint8_t>(static_cast<size_t>(size.width * size.height * 3))};
    const auto source = [](int64_t i, int64_t n) {
      i %= 2 * n;
      return i < n ? i : 2 * n - 1 - i;
    };
    for (int64_t y = 0; y < size.height; ++y) {
      for (int64_t x = 0; x < size.width; ++x) {
        const uint8_t* from = image.rgb.data() + (source(y, image.height) * image.width + source(x, image.width)) * 3;
        std::copy_n(from, 3, out.rgb.data() + (y * size.width + x) * 3);
      }
    }
    return out;
  }

  ImageProcessorConfig config_;
  int64_t divisor_;
  std::vector<float> table_;
};

std::shared_ptr<const ImageFamily> make_dpt(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.size = parse_size_fields(json, "size", defaults.size);
  return std::make_shared<Dpt>(std::move(config), json);
}

std::shared_ptr<const ImageFamily> make_glpn(const Json& json, const ImageProcessorConfig& defaults) {
  return std::make_shared<Glpn>(parse_image_settings(json, defaults), json_int(json, "size_divisor", 32, 1, 4096));
}

std::shared_ptr<const ImageFamily> make_swin2sr(const Json& json, const ImageProcessorConfig& defaults) {
  Json settings = json;
  const auto legacy = json.find("pad_size");
  int64_t divisor = 8;
  if (legacy != json.end() && legacy->is_number_integer()) divisor = json_int(json, "pad_size", 8, 1, 4096);
  settings.erase("pad_size");
  return std::make_shared<Swin2SR>(parse_image_settings(settings, defaults),
                                   json_int(json, "size_divisor", divisor, 1, 4096));
}

const ImageFamilyClass kClasses[] = {
    {"DPTImageProcessor",
     " dpt depth_anything ",
     {.size = {.height = 384, .width = 384}, .resample = Resample::bicubic, .do_pad = false},
     make_dpt},
    {"GLPNImageProcessor", " glpn ", {.do_normalize = false}, make_glpn},
    {"Swin2SRImageProcessor", " swin2sr ", {.do_resize = false, .do_normalize = false, .do_pad = true}, make_swin2sr},
};

}  // namespace

std::span<const ImageFamilyClass> multiple_image_families() {
  return kClasses;
}

}  // namespace accelerate
