// Classes whose pictures keep their shape and are padded at the right and bottom: DETR and its kin, MaskFormer and its
// kin, SAM.
#include <algorithm>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/pixel_table.h"

namespace accelerate {
namespace {

/// Planes of several sizes as one batch [B,3,H,W], zeros after normalisation where a picture ends.
Tensor pad_batch(std::span<const Image> images, std::span<const float> table, ImageSize size) {
  check_batch(static_cast<int64_t>(images.size()), size);
  const int64_t plane = size.height * size.width;
  Tensor values = Tensor::zeros(DType::f32, {static_cast<int64_t>(images.size()), 3, size.height, size.width});
  for (size_t i = 0; i < images.size(); ++i) {
    if (images[i].height > size.height || images[i].width > size.width) {
      fail(ErrorCode::invalid_argument, "image {} comes out at {} x {}, which exceeds the padded size {} x {}", i,
           images[i].width, images[i].height, size.width, size.height);
    }
    write_planes(images[i], table, values.as<float>() + static_cast<int64_t>(i) * 3 * plane, size.width, plane);
  }
  return values;
}

/// i64 [B,H,W]: 1 where a picture is.
Tensor pixel_mask(std::span<const Image> images, ImageSize size) {
  Tensor mask = Tensor::zeros(DType::i64, {static_cast<int64_t>(images.size()), size.height, size.width});
  for (size_t i = 0; i < images.size(); ++i) {
    int64_t* rows = mask.as<int64_t>() + static_cast<int64_t>(i) * size.height * size.width;
    for (int64_t y = 0; y < images[i].height; ++y) std::fill_n(rows + y * size.width, images[i].width, 1);
  }
  return mask;
}

ImageSize largest_size(std::span<const Image> images) {
  ImageSize size;
  for (const Image& image : images) {
    size.height = std::max(size.height, image.height);
    size.width = std::max(size.width, image.width);
  }
  return size;
}

/// The pictures' common size. Errors: invalid_argument if they differ.
ImageSize common_size(std::span<const Image> images) {
  const ImageSize size = {images[0].height, images[0].width};
  for (size_t i = 1; i < images.size(); ++i) {
    if (ImageSize{images[i].height, images[i].width} == size) continue;
    fail(ErrorCode::invalid_argument,
         "image {} comes out at {} x {} and image 0 at {} x {}; a batch needs one size: process them one by one", i,
         images[i].width, images[i].height, size.width, size.height);
  }
  return size;
}

/// A size rule with the legacy forms of DETR's files: an integer is the shortest edge, `max_size` the longest.
SizeRule parse_detection_size(const Json& json, const SizeRule& fallback) {
  const auto found = json.find("size");
  if (found == json.end() || found->is_null()) {
    SizeRule rule = fallback;
    if (rule.longest_edge != 0)
      rule.longest_edge = json_int(json, "max_size", rule.longest_edge, 1, kMaxConfiguredSide);
    return rule;
  }
  SizeRule rule;
  if (found->is_number_integer()) {
    rule.shortest_edge = json_int(json, "size", std::nullopt, 1, kMaxConfiguredSide);
    rule.longest_edge = json_int(json, "max_size", 1333, 1, kMaxConfiguredSide);
    return rule;
  }
  rule = parse_size_fields(json, "size", fallback);
  const bool complete = (rule.shortest_edge != 0 && rule.longest_edge != 0) ||
                        (rule.max_height != 0 && rule.max_width != 0) || (rule.height != 0 && rule.width != 0);
  if (!complete) {
    fail(ErrorCode::invalid_model,
         "size is {}; expected shortest_edge and longest_edge, max_height and max_width, or height and width",
         printable(found->dump()));
  }
  return rule;
}

class Detection : public ImageFamily {
 public:
  Detection(ImageProcessorConfig config, int64_t size_divisor, bool always_pads)
      : config_(std::move(config)),
        size_divisor_(size_divisor),
        pads_(config_.do_pad || always_pads),
        table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    for (const Image& image : images) {
      ImageSize size = {image.height, image.width};
      if (config_.do_resize) {
        size = apply_size_rule(config_.size, size);
        if (size_divisor_ > 0) {
          size.height = (size.height + size_divisor_ - 1) / size_divisor_ * size_divisor_;
          size.width = (size.width + size_divisor_ - 1) / size_divisor_ * size_divisor_;
        }
      }
      resized.push_back(resize_for(config_, image, size));
    }
    ModelInputs inputs;
    if (!pads_) {
      inputs.add("pixel_values", pad_batch(resized, table_, common_size(resized)));
      return inputs;
    }
    const bool fixed = config_.pad_size.height != 0;
    const ImageSize size = fixed ? ImageSize{config_.pad_size.height, config_.pad_size.width} : largest_size(resized);
    inputs.add("pixel_values", pad_batch(resized, table_, size));
    inputs.add("pixel_mask", pixel_mask(resized, size));
    return inputs;
  }

 private:
  ImageProcessorConfig config_;
  int64_t size_divisor_;
  bool pads_;
  std::vector<float> table_;
};

class Sam : public ImageFamily {
 public:
  explicit Sam(ImageProcessorConfig config) : config_(std::move(config)), table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    std::vector<ImageSize> original;
    std::vector<ImageSize> reshaped;
    for (const Image& image : images) {
      ImageSize size = {image.height, image.width};
      original.push_back(size);
      if (config_.do_resize) {
        const double scale =
            static_cast<double>(config_.size.longest_edge) / static_cast<double>(std::max(size.height, size.width));
        size = {truncated(static_cast<double>(size.height) * scale + 0.5),
                truncated(static_cast<double>(size.width) * scale + 0.5)};
      }
      reshaped.push_back(size);
      resized.push_back(resize_for(config_, image, size));
    }
    const ImageSize size =
        config_.do_pad ? ImageSize{config_.pad_size.height, config_.pad_size.width} : common_size(resized);
    ModelInputs inputs;
    inputs.add("pixel_values", pad_batch(resized, table_, size));
    inputs.add("original_sizes", size_tensor(original));
    inputs.add("reshaped_input_sizes", size_tensor(reshaped));
    return inputs;
  }

 private:
  ImageProcessorConfig config_;
  std::vector<float> table_;
};

/// One size for all, and the sizes that the pictures had.
class Sam2 : public ImageFamily {
 public:
  explicit Sam2(ImageProcessorConfig config) : config_(std::move(config)), table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    std::vector<ImageSize> original;
    for (const Image& image : images) {
      original.push_back({image.height, image.width});
      resized.push_back(config_.do_resize ? resize_for(config_, image, apply_size_rule(config_.size, original.back()))
                                          : image);
    }
    ModelInputs inputs;
    inputs.add("pixel_values", pad_batch(resized, table_, common_size(resized)));
    inputs.add("original_sizes", size_tensor(original));
    return inputs;
  }

 private:
  ImageProcessorConfig config_;
  std::vector<float> table_;
};

std::shared_ptr<const ImageFamily> make_detection(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.size = parse_detection_size(json, defaults.size);
  config.do_pad = json_bool(json, "do_pad", json_bool(json, "pad_and_return_pixel_mask", defaults.do_pad));
  return std::make_shared<Detection>(std::move(config), 0, false);
}

std::shared_ptr<const ImageFamily> make_mask_former(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.size = parse_detection_size(json, defaults.size);
  const int64_t divisor = defaults.type == "OneFormerImageProcessor" ? 0 : json_int(json, "size_divisor", 32, 0, 4096);
  return std::make_shared<Detection>(std::move(config), divisor, true);
}

std::shared_ptr<const ImageFamily> make_sam(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.size = parse_size_fields(json, "size", defaults.size);
  if (config.do_resize && config.size.longest_edge == 0) {
    fail(ErrorCode::invalid_model, "size has no longest_edge, which {} needs", config.type);
  }
  if (config.do_pad && config.pad_size.height == 0) {
    fail(ErrorCode::invalid_model, "do_pad is true but pad_size is not given");
  }
  return std::make_shared<Sam>(std::move(config));
}

std::shared_ptr<const ImageFamily> make_sam2(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.size = parse_size_fields(json, "size", defaults.size);
  if (config.size.height == 0 || config.size.width == 0) {
    fail(ErrorCode::invalid_model, "size has no height and width, which {} needs", config.type);
  }
  return std::make_shared<Sam2>(std::move(config));
}

const ImageProcessorConfig kDetection = {.size = {.shortest_edge = 800, .longest_edge = 1333},
                                         .mean = kImageNetMeans,
                                         .std = kImageNetDeviations,
                                         .do_pad = true};
const ImageProcessorConfig kSquareDetection = {
    .size = {.height = 640, .width = 640}, .do_normalize = false, .do_pad = false};
const ImageProcessorConfig kSam = {.size = {.longest_edge = 1024},
                                   .mean = kImageNetMeans,
                                   .std = kImageNetDeviations,
                                   .do_pad = true,
                                   .pad_size = {.height = 1024, .width = 1024}};
const ImageProcessorConfig kSam2 = {
    .size = {.height = 1024, .width = 1024}, .mean = kImageNetMeans, .std = kImageNetDeviations};

const ImageFamilyClass kClasses[] = {
    {"DetrImageProcessor", " detr table-transformer ", kDetection, make_detection},
    {"ConditionalDetrImageProcessor", " conditional_detr ", kDetection, make_detection},
    {"DeformableDetrImageProcessor", " deformable_detr ", kDetection, make_detection},
    {"GroundingDinoImageProcessor", " grounding-dino mm-grounding-dino ", kDetection, make_detection},
    {"RTDetrImageProcessor", " rt_detr rt_detr_v2 d_fine deim ", kSquareDetection, make_detection},
    {"MaskFormerImageProcessor", " maskformer ", kDetection, make_mask_former},
    {"Mask2FormerImageProcessor", " mask2former ", kDetection, make_mask_former},
    {"OneFormerImageProcessor", " oneformer ", kDetection, make_mask_former},
    {"SamImageProcessor", " sam sam_hq ", kSam, make_sam},
    {"Sam2ImageProcessor", " sam2 edgetam ", kSam2, make_sam2},
};

}  // namespace

std::span<const ImageFamilyClass> padded_image_families() {
  return kClasses;
}

}  // namespace accelerate
