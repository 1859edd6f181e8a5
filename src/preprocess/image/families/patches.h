#pragma once
#include <cstdint>
#include <span>

#include "base/json.h"
#include "preprocess/image/image.h"
#include "preprocess/image/sizes.h"

namespace accelerate {

/// How Qwen2-VL and its kin cut pictures and videos: square patches, merge_size x merge_size of them together, over
/// temporal_patch_size frames. Areas in pixels.
struct PatchLayout {
  int64_t patch_size = 14;
  int64_t temporal_patch_size = 2;
  int64_t merge_size = 2;
  int64_t min_pixels = 0;
  int64_t max_pixels = 0;

  int64_t patch_values() const { return 3 * temporal_patch_size * patch_size * patch_size; }
};

constexpr PatchLayout kQwen2VLImagePixels = {.min_pixels = 56 * 56, .max_pixels = 28 * 28 * 1280};
constexpr PatchLayout kQwen2VLVideoPixels = {.min_pixels = 128 * 28 * 28, .max_pixels = 28 * 28 * 768};

/// The file's values over the defaults. Errors: invalid_model.
PatchLayout parse_patch_layout(const Json& json, const PatchLayout& defaults);

/// The nearest size of sides that are multiples of factor, with an area from min_pixels to max_pixels.
/// Errors: invalid_argument if one side is more than 200 times the other.
/// Source: transformers, Qwen2VLImageProcessor, smart_resize.
ImageSize smart_resize(ImageSize image, int64_t factor, int64_t min_pixels, int64_t max_pixels);

/// temporal_patch_size frames of one size -> [rows * columns of patches, patch_values], the patches of a block of
/// merge_size x merge_size together; a patch is [channel, frame, row, column].
void write_merged_patches(std::span<const Image> frames, std::span<const float> table, const PatchLayout& layout,
                          float* out);

}  // namespace accelerate
