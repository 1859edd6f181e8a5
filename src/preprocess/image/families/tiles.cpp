// Classes that add tiles of the picture at a larger resolution: LLaVA-NeXT.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/image_processor.h"

namespace accelerate {
namespace {

/// The size that wastes least of those that show most of the picture. Source: transformers, select_best_resolution.
ImageSize best_resolution(const Image& image, std::span<const ImageSize> sizes) {
  ImageSize best = sizes[0];
  int64_t most = 0;
  int64_t least_waste = std::numeric_limits<int64_t>::max();
  for (const ImageSize& size : sizes) {
    const double scale = std::min(static_cast<double>(size.width) / static_cast<double>(image.width),
                                  static_cast<double>(size.height) / static_cast<double>(image.height));
    const int64_t shown =
        truncated(static_cast<double>(image.width) * scale) * truncated(static_cast<double>(image.height) * scale);
    const int64_t effective = std::min(shown, image.width * image.height);
    const int64_t waste = size.width * size.height - effective;
    if (effective > most || (effective == most && waste < least_waste)) {
      most = effective;
      least_waste = waste;
      best = size;
    }
  }
  return best;
}

/// The picture's size inside a target, its shape kept. Source: transformers, get_patch_output_size.
ImageSize fitted(const Image& image, ImageSize target) {
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const double scale_width = static_cast<double>(target.width) / width;
  const double scale_height = static_cast<double>(target.height) / height;
  if (scale_width < scale_height) {
    return {std::min(static_cast<int64_t>(std::ceil(height * scale_width)), target.height), target.width};
  }
  return {target.height, std::min(static_cast<int64_t>(std::ceil(width * scale_height)), target.width)};
}

class LlavaNext : public ImageFamily {
 public:
  LlavaNext(const ImageProcessorConfig& config, std::vector<ImageSize> pinpoints)
      : config_(config), processor_(config), pinpoints_(std::move(pinpoints)) {
    const SizeRule& size = config_.size;
    whole_ = size.height != 0 ? ImageSize{size.height, size.width} : ImageSize{size.shortest_edge, size.shortest_edge};
    tile_ = config_.crop_size.height != 0 ? config_.crop_size.height : whole_.height;
    for (const ImageSize& pinpoint : pinpoints_) {
      if (pinpoint.height % tile_ == 0 && pinpoint.width % tile_ == 0) continue;
      fail(ErrorCode::invalid_model, "image_grid_pinpoints holds {} x {}; expected multiples of the tile size {}",
           pinpoint.height, pinpoint.width, tile_);
    }
  }

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<PixelValues> parts;
    std::vector<ImageSize> sizes;
    int64_t most_tiles = 0;
    for (const Image& image : images) {
      const std::vector<Image> tiles = cut(image);
      parts.push_back(processor_.process_batch(tiles));
      sizes.push_back({image.height, image.width});
      most_tiles = std::max(most_tiles, parts.back().batch);
    }
    const auto batch = static_cast<int64_t>(images.size());
    const ImageSize tile = {parts[0].height, parts[0].width};
    check_batch(batch * most_tiles, tile);
    // Missing tiles are zeros.
    Tensor values = Tensor::zeros(DType::f32, {batch, most_tiles, 3, tile.height, tile.width});
    for (int64_t i = 0; i < batch; ++i) {
      const std::vector<float>& part = parts[static_cast<size_t>(i)].values;
      std::copy(part.begin(), part.end(), values.as<float>() + i * most_tiles * 3 * tile.height * tile.width);
    }
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    inputs.add("image_sizes", size_tensor(sizes));
    return inputs;
  }

 private:
  /// The whole picture, then its tiles row by row.
  std::vector<Image> cut(const Image& image) const {
    const ImageSize grid = best_resolution(image, pinpoints_);
    const Image resized = resize_for(config_, image, fitted(image, grid));
    const Image padded =
        place_on_black(resized, grid, (grid.height - resized.height) / 2, (grid.width - resized.width) / 2);
    std::vector<Image> tiles = {resize_for(config_, image, whole_)};
    for (int64_t top = 0; top < grid.height; top += tile_) {
      for (int64_t left = 0; left < grid.width; left += tile_)
        tiles.push_back(crop_image(padded, top, left, {tile_, tile_}));
    }
    return tiles;
  }

  ImageProcessorConfig config_;
  ImageProcessor processor_;
  std::vector<ImageSize> pinpoints_;
  ImageSize whole_;
  int64_t tile_ = 0;
};

std::vector<ImageSize> parse_pinpoints(const Json& json) {
  const auto found = json.find("image_grid_pinpoints");
  if (found == json.end() || found->is_null()) return {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};
  std::vector<ImageSize> sizes;
  if (found->is_array()) {
    for (const Json& item : *found) {
      const bool pair =
          item.is_array() && item.size() == 2 && item[0].is_number_integer() && item[1].is_number_integer();
      if (!pair) break;
      const ImageSize size = {item[0].get<int64_t>(), item[1].get<int64_t>()};
      if (size.height < 1 || size.width < 1 || size.height > kMaxConfiguredSide || size.width > kMaxConfiguredSide)
        break;
      sizes.push_back(size);
    }
  }
  if (sizes.empty() || sizes.size() != found->size() || sizes.size() > 1024) {
    fail(ErrorCode::invalid_model, "image_grid_pinpoints is {}; expected a list of [height, width] from 1 to {} pixels",
         printable(found->dump()), kMaxConfiguredSide);
  }
  return sizes;
}

std::shared_ptr<const ImageFamily> make_llava_next(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  config.do_pad = false;  // of tiles within a batch, always done
  const auto size = json.find("size");
  if (size != json.end() && size->is_number_integer()) {
    config.size = {.shortest_edge = json_int(json, "size", std::nullopt, 1, kMaxConfiguredSide)};
  } else {
    config.size = parse_size_fields(json, "size", defaults.size);
  }
  if (config.size.shortest_edge == 0 && (config.size.height == 0 || config.size.width == 0)) {
    fail(ErrorCode::invalid_model, "size has neither shortest_edge nor height and width, one of which {} needs",
         config.type);
  }
  return std::make_shared<LlavaNext>(config, parse_pinpoints(json));
}

const ImageFamilyClass kClasses[] = {
    {"LlavaNextImageProcessor",
     " llava_next vipllava_next granite_vision ",
     {.default_to_square = false,
      .size = {.shortest_edge = 224},
      .resample = Resample::bicubic,
      .do_center_crop = true,
      .crop_size = {.height = 224, .width = 224},
      .mean = kClipMeans,
      .std = kClipDeviations},
     make_llava_next},
};

}  // namespace

std::span<const ImageFamilyClass> tile_image_families() {
  return kClasses;
}

}  // namespace accelerate
