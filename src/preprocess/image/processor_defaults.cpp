#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/error.h"
#include "preprocess/image/processor_config.h"

namespace accelerate {
namespace {

using Channels = std::array<double, 3>;
constexpr Channels kHalf = {0.5, 0.5, 0.5};
constexpr Channels kOnes = {1.0, 1.0, 1.0};
constexpr Channels kImageNetMean = {0.485, 0.456, 0.406};
constexpr Channels kImageNetStd = {0.229, 0.224, 0.225};
constexpr Channels kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr Channels kClipStd = {0.26862954, 0.26130258, 0.27577711};

constexpr SizeRule square(int64_t side) {
  return {.height = side, .width = side};
}
constexpr SizeRule shortest(int64_t side) {
  return {.shortest_edge = side};
}

/// One class of transformers: the attributes that it sets and the model types that use it without saying so.
struct ClassDefaults {
  std::string_view type;
  std::string_view model_types;  // each surrounded by spaces
  SizeRule size;
  Resample resample = Resample::bicubic;
  bool default_to_square = true;
  bool do_center_crop = false;
  SizeRule crop_size = {};
  Channels mean = kHalf;
  Channels std = kHalf;
  ResizeStyle style = ResizeStyle::plain;
  double crop_pct = 0;
  bool do_normalize = true;
  double rescale_factor = 1.0 / 255.0;
  SizeRule pad_size = {};
};

/// Source: transformers 5.23, models/*/image_processing_*.py and models/auto/image_processing_auto.py.
constexpr ClassDefaults kClasses[] = {
    {.type = "BeitImageProcessor",
     .model_types = " beit data2vec-vision ",
     .size = square(224),
     .crop_size = square(224)},
    {.type = "BitImageProcessor",
     .model_types = " bit dinov2 focalnet hiera pixio ",
     .size = shortest(224),
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224),
     .mean = kClipMean,
     .std = kClipStd},
    {.type = "BlipImageProcessor",
     .model_types = " blip blip-2 instructblip ",
     .size = square(384),
     .mean = kClipMean,
     .std = kClipStd},
    {.type = "CLIPImageProcessor",
     .model_types =
         " clip aimv2 aimv2_vision_model altclip florence2 git groupvit kosmos-2 metaclip_2 mlcd vipllava xclip ",
     .size = shortest(224),
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224),
     .mean = kClipMean,
     .std = kClipStd},
    {.type = "ChameleonImageProcessor",
     .model_types = " chameleon ",
     .size = shortest(512),
     .resample = Resample::lanczos,
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(512),
     .mean = kOnes,
     .std = kOnes,
     .rescale_factor = 0.0078},
    {.type = "ChineseCLIPImageProcessor",
     .model_types = " chinese_clip ",
     .size = shortest(224),
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224),
     .mean = kClipMean,
     .std = kClipStd},
    {.type = "ConvNextImageProcessor",
     .model_types = " convnext convnextv2 cvt regnet resnet ",
     .size = shortest(384),
     .default_to_square = false,
     .style = ResizeStyle::convnext,
     .crop_pct = 224.0 / 256.0},
    {.type = "DeiTImageProcessor",
     .model_types = " deit ",
     .size = square(256),
     .do_center_crop = true,
     .crop_size = square(224)},
    {.type = "LevitImageProcessor",
     .model_types = " levit ",
     .size = shortest(224),
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224),
     .mean = kImageNetMean,
     .std = kImageNetStd,
     .style = ResizeStyle::levit},
    {.type = "MobileNetV1ImageProcessor",
     .model_types = " mobilenet_v1 ",
     .size = shortest(256),
     .resample = Resample::bilinear,
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224)},
    {.type = "MobileNetV2ImageProcessor",
     .model_types = " mobilenet_v2 ",
     .size = shortest(256),
     .resample = Resample::bilinear,
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224)},
    {.type = "OwlViTImageProcessor",
     .model_types = " owlvit ",
     .size = square(768),
     .crop_size = square(768),
     .mean = kClipMean,
     .std = kClipStd},
    {.type = "PI0ImageProcessor",
     .model_types = " pi0 ",
     .size = {.max_height = 224, .max_width = 224},
     .default_to_square = false,
     .pad_size = square(224)},
    {.type = "PoolFormerImageProcessor",
     .model_types = " poolformer ",
     .size = shortest(224),
     .default_to_square = false,
     .do_center_crop = true,
     .crop_size = square(224),
     .mean = kImageNetMean,
     .std = kImageNetStd,
     .style = ResizeStyle::poolformer,
     .crop_pct = 0.9},
    {.type = "PvtImageProcessor",
     .model_types = " pvt pvt_v2 ",
     .size = square(224),
     .mean = kImageNetMean,
     .std = kImageNetStd},
    {.type = "SegformerImageProcessor",
     .model_types = " segformer upernet ",
     .size = square(512),
     .resample = Resample::bilinear,
     .mean = kImageNetMean,
     .std = kImageNetStd},
    {.type = "SiglipImageProcessor",
     .model_types = " siglip colpali gemma3n paligemma ",
     .size = square(224),
     .default_to_square = false},
    {.type = "Tipsv2ImageProcessor",
     .model_types = " tipsv2 ",
     .size = square(448),
     .resample = Resample::bilinear,
     .do_normalize = false},
    {.type = "ViTImageProcessor",
     .model_types = " vit clipseg dinat ijepa mgp-str swiftformer swin swinv2 trocr vit_mae vit_msn ",
     .size = square(224),
     .resample = Resample::bilinear},
};

}  // namespace

std::string supported_image_processors() {
  std::string names;
  for (const ClassDefaults& entry : kClasses) {
    if (!names.empty()) names += ", ";
    names += entry.type;
  }
  return names;
}

ImageProcessorConfig default_image_processor(std::string_view type) {
  std::string_view base = type;
  const bool pillow = base.ends_with("Pil");
  if (pillow) base.remove_suffix(3);
  if (base.ends_with("Fast")) base.remove_suffix(4);
  for (const ClassDefaults& entry : kClasses) {
    if (entry.type != base) continue;
    ImageProcessorConfig config;
    config.type = base;
    config.backend = pillow ? ImageBackend::pillow : ImageBackend::torchvision;
    config.style = entry.style;
    config.default_to_square = entry.default_to_square;
    config.size = entry.size;
    config.resample = entry.resample;
    config.crop_pct = entry.crop_pct;
    config.do_center_crop = entry.do_center_crop;
    config.crop_size = entry.crop_size;
    config.rescale_factor = entry.rescale_factor;
    config.do_normalize = entry.do_normalize;
    config.mean = entry.mean;
    config.std = entry.std;
    config.pad_size = entry.pad_size;
    config.do_pad = entry.pad_size.height != 0;
    return config;
  }
  fail(ErrorCode::unsupported_model, "image processor \"{}\" is not supported; supported are {}", printable(type),
       supported_image_processors());
}

std::string_view image_processor_of_model(std::string_view model_type) {
  if (model_type.empty()) return "";
  const std::string key = fmt::format(" {} ", model_type);
  for (const ClassDefaults& entry : kClasses) {
    if (entry.model_types.find(key) != std::string_view::npos) return entry.type;
  }
  return "";
}

}  // namespace accelerate
