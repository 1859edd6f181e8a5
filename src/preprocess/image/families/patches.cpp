// Classes that flatten a picture into patches: SigLIP 2, Qwen2-VL.
#include "preprocess/image/families/patches.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/pixel_table.h"

namespace accelerate {

ImageSize smart_resize(ImageSize image, int64_t factor, int64_t min_pixels, int64_t max_pixels) {
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const double ratio = std::max(height, width) / std::min(height, width);
  if (!(ratio <= 200)) {
    fail(ErrorCode::invalid_argument,
         "an image of {} x {} pixels; one side may be at most 200 times the other; crop it", image.width, image.height);
  }
  const auto step = static_cast<double>(factor);
  ImageSize size = {rounded(height / step) * factor, rounded(width / step) * factor};
  const int64_t pixels = size.height * size.width;
  if (pixels > max_pixels) {
    const double beta = std::sqrt(height * width / static_cast<double>(max_pixels));
    size.height = std::max(factor, static_cast<int64_t>(std::floor(height / beta / step)) * factor);
    size.width = std::max(factor, static_cast<int64_t>(std::floor(width / beta / step)) * factor);
  } else if (pixels < min_pixels) {
    const double beta = std::sqrt(static_cast<double>(min_pixels) / (height * width));
    size.height = static_cast<int64_t>(std::ceil(height * beta / step)) * factor;
    size.width = static_cast<int64_t>(std::ceil(width * beta / step)) * factor;
  }
  return size;
}

void write_merged_patches(std::span<const Image> frames, std::span<const float> table, const PatchLayout& layout,
                          float* out) {
  const int64_t p = layout.patch_size;
  const int64_t rows = frames[0].height / p;
  const int64_t columns = frames[0].width / p;
  const int64_t merge = layout.merge_size;
  for (int64_t block_row = 0; block_row < rows / merge; ++block_row) {
    for (int64_t block_column = 0; block_column < columns / merge; ++block_column) {
      for (int64_t inner = 0; inner < merge * merge; ++inner) {
        const int64_t top = (block_row * merge + inner / merge) * p;
        const int64_t left = (block_column * merge + inner % merge) * p;
        for (int64_t c = 0; c < 3; ++c) {
          for (const Image& frame : frames) {
            for (int64_t y = 0; y < p; ++y) {
              const uint8_t* in = frame.rgb.data() + ((top + y) * frame.width + left) * 3 + c;
              for (int64_t x = 0; x < p; ++x) *out++ = table[c * 256 + in[3 * x]];
            }
          }
        }
      }
    }
  }
}

namespace {

class Siglip2 : public ImageFamily {
 public:
  Siglip2(ImageProcessorConfig config, const Json& json)
      : config_(std::move(config)),
        patch_size_(json_int(json, "patch_size", 16, 1, 1024)),
        max_patches_(json_int(json, "max_num_patches", 256, 1, 1 << 16)),
        table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    const auto batch = static_cast<int64_t>(images.size());
    const int64_t patch_values = patch_size_ * patch_size_ * 3;
    check_batch(batch, {max_patches_, patch_size_ * patch_size_});
    Tensor values = Tensor::zeros(DType::f32, {batch, max_patches_, patch_values});
    Tensor mask = Tensor::zeros(DType::i64, {batch, max_patches_});
    std::vector<ImageSize> shapes;
    for (int64_t i = 0; i < batch; ++i) {
      const Image& image = images[static_cast<size_t>(i)];
      const Image resized = config_.do_resize ? resize_for(config_, image, target(image)) : image;
      const ImageSize shape = {resized.height / patch_size_, resized.width / patch_size_};
      const int64_t patches = shape.height * shape.width;
      if (patches > max_patches_ || shape.height * patch_size_ != resized.height ||
          shape.width * patch_size_ != resized.width) {
        fail(ErrorCode::invalid_argument, "image {} of {} x {} pixels is not whole patches of {}, at most {}", i,
             resized.width, resized.height, patch_size_, max_patches_);
      }
      write_patches(resized, shape, values.as<float>() + i * max_patches_ * patch_values);
      std::fill_n(mask.as<int64_t>() + i * max_patches_, patches, 1);
      shapes.push_back(shape);
    }
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    inputs.add("pixel_attention_mask", mask);
    inputs.add("spatial_shapes", size_tensor(shapes));
    return inputs;
  }

 private:
  int64_t scaled_side(double scale, int64_t side) const {
    const auto patch = static_cast<double>(patch_size_);
    const auto scaled = static_cast<int64_t>(std::ceil(static_cast<double>(side) * scale / patch)) * patch_size_;
    return std::max(patch_size_, scaled);
  }

  /// The largest scale at which the patches are few enough, by bisection.
  ImageSize target(const Image& image) const {
    constexpr double kPrecision = 1e-5;
    double low = kPrecision / 10;
    double high = 100;
    while (high - low >= kPrecision) {
      const double scale = (low + high) / 2;
      const int64_t patches =
          scaled_side(scale, image.height) / patch_size_ * (scaled_side(scale, image.width) / patch_size_);
      (patches <= max_patches_ ? low : high) = scale;
    }
    return {scaled_side(low, image.height), scaled_side(low, image.width)};
  }

  /// out [patches, patch row, patch column, channel]
  void write_patches(const Image& image, ImageSize shape, float* out) const {
    for (int64_t patch = 0; patch < shape.height * shape.width; ++patch) {
      const int64_t top = patch / shape.width * patch_size_;
      const int64_t left = patch % shape.width * patch_size_;
      for (int64_t y = 0; y < patch_size_; ++y) {
        const uint8_t* in = image.rgb.data() + ((top + y) * image.width + left) * 3;
        for (int64_t k = 0; k < patch_size_ * 3; ++k) *out++ = table_[k % 3 * 256 + in[k]];
      }
    }
  }

  ImageProcessorConfig config_;
  int64_t patch_size_;
  int64_t max_patches_;
  std::vector<float> table_;
};

class Qwen2VL : public ImageFamily {
 public:
  Qwen2VL(ImageProcessorConfig config, const Json& json)
      : config_(std::move(config)),
        layout_(parse_patch_layout(json, kQwen2VLImagePixels)),
        table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> resized;
    int64_t patches = 0;
    Tensor grid(DType::i64, {static_cast<int64_t>(images.size()), 3});
    for (size_t i = 0; i < images.size(); ++i) {
      const Image& image = images[i];
      const int64_t factor = layout_.patch_size * layout_.merge_size;
      ImageSize size = {image.height, image.width};
      if (config_.do_resize) size = smart_resize(size, factor, layout_.min_pixels, layout_.max_pixels);
      if (size.height % factor != 0 || size.width % factor != 0 || size.height == 0 || size.width == 0) {
        fail(ErrorCode::invalid_argument, "image {} of {} x {} pixels; expected multiples of {}", i, size.width,
             size.height, factor);
      }
      resized.push_back(resize_for(config_, image, size));
      int64_t* row = grid.as<int64_t>() + 3 * i;
      row[0] = 1;
      row[1] = size.height / layout_.patch_size;
      row[2] = size.width / layout_.patch_size;
      patches += row[1] * row[2];
    }
    const int64_t patch_values = layout_.patch_values();
    check_batch(1, {patches, patch_values});
    Tensor values(DType::f32, {patches, patch_values});
    float* out = values.as<float>();
    for (const Image& image : resized) {
      const std::vector<Image> frames(static_cast<size_t>(layout_.temporal_patch_size), image);
      write_merged_patches(frames, table_, layout_, out);
      out += image.height / layout_.patch_size * (image.width / layout_.patch_size) * patch_values;
    }
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    inputs.add("image_grid_thw", grid);
    return inputs;
  }

 private:
  ImageProcessorConfig config_;
  PatchLayout layout_;
  std::vector<float> table_;
};

std::shared_ptr<const ImageFamily> make_siglip2(const Json& json, const ImageProcessorConfig& defaults) {
  return std::make_shared<Siglip2>(parse_image_settings(json, defaults), json);
}

std::shared_ptr<const ImageFamily> make_qwen2_vl(const Json& json, const ImageProcessorConfig& defaults) {
  return std::make_shared<Qwen2VL>(parse_image_settings(json, defaults), json);
}

const ImageFamilyClass kClasses[] = {
    {"Siglip2ImageProcessor", " siglip2 ", {}, make_siglip2},
    {"Qwen2VLImageProcessor",
     " qwen2_vl qwen2_5_vl qwen2_5_omni qwen3_vl qwen3_vl_moe qwen3_5 qwen3_omni_moe ",
     {.resample = Resample::bicubic, .mean = kClipMeans, .std = kClipDeviations},
     make_qwen2_vl},
};

}  // namespace

PatchLayout parse_patch_layout(const Json& json, const PatchLayout& defaults) {
  PatchLayout layout = defaults;
  constexpr int64_t kMaxPixels = int64_t{1} << 26;
  layout.patch_size = json_int(json, "patch_size", defaults.patch_size, 1, 256);
  layout.temporal_patch_size = json_int(json, "temporal_patch_size", defaults.temporal_patch_size, 1, 64);
  layout.merge_size = json_int(json, "merge_size", defaults.merge_size, 1, 64);
  const auto size = json.find("size");
  if (size != json.end() && !size->is_null()) {
    if (!size->is_object()) {
      fail(ErrorCode::invalid_model, "size is {}; expected shortest_edge and longest_edge, in pixels of area",
           printable(size->dump()));
    }
    layout.min_pixels = json_int(*size, "shortest_edge", defaults.min_pixels, 1, kMaxPixels);
    layout.max_pixels = json_int(*size, "longest_edge", defaults.max_pixels, 1, kMaxPixels);
  }
  layout.min_pixels = json_int(json, "min_pixels", layout.min_pixels, 1, kMaxPixels);
  layout.max_pixels = json_int(json, "max_pixels", layout.max_pixels, 1, kMaxPixels);
  return layout;
}

std::span<const ImageFamilyClass> patch_image_families() {
  return kClasses;
}

}  // namespace accelerate
