#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "preprocess/image/image_inputs.h"
#include "preprocess/image/processor_config.h"
#include "preprocess/image/sizes.h"

namespace accelerate {

using MakeImageFamily = std::shared_ptr<const ImageFamily> (*)(const Json& json, const ImageProcessorConfig& defaults);

/// A class of transformers: its defaults, and how it is made. Rows of one table a file of this folder.
struct ImageFamilyClass {
  std::string_view type;
  std::string_view model_types;  // each surrounded by spaces
  ImageProcessorConfig defaults;
  MakeImageFamily make;
};

/// The tables: classes whose batches are padded (DETR, MaskFormer, SAM), sized by multiples (DPT, GLPN, Swin2SR),
/// cut into patches (SigLIP 2, Qwen2-VL), into tiles (LLaVA-NeXT), documents (Donut), and the plain pipeline with
/// another order or range of channels (MobileViT, EfficientNet, LayoutLMv2).
std::span<const ImageFamilyClass> padded_image_families();
std::span<const ImageFamilyClass> multiple_image_families();
std::span<const ImageFamilyClass> patch_image_families();
std::span<const ImageFamilyClass> tile_image_families();
std::span<const ImageFamilyClass> document_image_families();
std::span<const ImageFamilyClass> channel_image_families();

constexpr std::array<double, 3> kChannelHalves = {0.5, 0.5, 0.5};
constexpr std::array<double, 3> kImageNetMeans = {0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImageNetDeviations = {0.229, 0.224, 0.225};
constexpr std::array<double, 3> kClipMeans = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipDeviations = {0.26862954, 0.26130258, 0.27577711};

/// The whole picture at this size by the configuration's filter and arithmetic; the picture itself if it has that size.
/// Errors: invalid_argument if the size is not possible or larger than 2^26 pixels.
Image resize_for(const ImageProcessorConfig& config, const Image& image, ImageSize size);

/// A black picture with `image` at (top, left). The picture must fit.
Image place_on_black(const Image& image, ImageSize size, int64_t top, int64_t left);

/// The part of a picture; what lies outside it is not allowed.
Image crop_image(const Image& image, int64_t top, int64_t left, ImageSize size);

/// i64 [n, 2] of heights and widths.
Tensor size_tensor(std::span<const ImageSize> sizes);

/// Errors: invalid_argument if a batch of f32 [batch, 3, height, width] would exceed 2^30 values.
void check_batch(int64_t batch, ImageSize size);

}  // namespace accelerate
