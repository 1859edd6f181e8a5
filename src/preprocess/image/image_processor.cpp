#include "preprocess/image/image_processor.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "preprocess/image/pixel_table.h"
#include "preprocess/image/resize.h"
#include "preprocess/processor_file.h"

namespace accelerate {
namespace {

/// One axis from the resized picture to the pixel values: `length` pixels from `source` on land at `target` of
/// `size`; the rest is 0 before normalisation.
struct Axis {
  int64_t size = 0;
  int64_t source = 0;
  int64_t target = 0;
  int64_t length = 0;

  /// Crops to `wanted` about the centre, or pads where the picture is smaller.
  void center_crop(int64_t wanted, ImageBackend backend) {
    if (wanted > size) {
      const int64_t missing = wanted - size;
      target += backend == ImageBackend::torchvision ? missing / 2 : (missing + 1) / 2;
    } else {
      const int64_t offset = (size - wanted) / 2;
      const int64_t begin = std::max(target, offset);
      const int64_t end = std::min(target + length, offset + wanted);
      source += begin - target;
      target = begin - offset;
      length = std::max<int64_t>(end - begin, 0);
    }
    size = wanted;
  }
};

/// The way of one picture: its resized size, then the part of it that is kept, then the padding at the end.
struct Geometry {
  ImageSize resized;
  Axis rows;
  Axis columns;
  ImageSize padded;
};

ImageSize resized_size(const ImageProcessorConfig& config, ImageSize image) {
  if (!config.do_resize) return image;
  const SizeRule& rule = config.size;
  switch (config.style) {
    case ResizeStyle::plain: break;
    case ResizeStyle::convnext:
      if (rule.shortest_edge >= 384) return {rule.shortest_edge, rule.shortest_edge};
      return with_shortest_edge(image, truncated(static_cast<double>(rule.shortest_edge) / config.crop_pct));
    case ResizeStyle::levit:
      if (rule.shortest_edge == 0) break;
      return with_shortest_edge(image, truncated(256.0 / 224.0 * static_cast<double>(rule.shortest_edge)));
    case ResizeStyle::poolformer:
      if (rule.shortest_edge != 0) {
        return with_shortest_edge(image, truncated(static_cast<double>(rule.shortest_edge) / config.crop_pct));
      }
      if (rule.height == 0) break;
      if (rule.height == rule.width) {
        return with_shortest_edge(image, truncated(static_cast<double>(rule.height) / config.crop_pct));
      }
      return {truncated(static_cast<double>(rule.height) / config.crop_pct),
              truncated(static_cast<double>(rule.width) / config.crop_pct)};
  }
  return apply_size_rule(rule, image);
}

Geometry geometry_of(const ImageProcessorConfig& config, int64_t height, int64_t width) {
  if (height < 1 || width < 1) {
    fail(ErrorCode::invalid_argument, "an image of {} x {} pixels; both sides must be at least 1", width, height);
  }
  Geometry geometry;
  geometry.resized = resized_size(config, {height, width});
  const ImageSize& resized = geometry.resized;
  if (resized.height < 1 || resized.width < 1 || resized.height > kMaxResizedSide || resized.width > kMaxResizedSide) {
    fail(ErrorCode::invalid_argument,
         "an image of {} x {} pixels has too extreme a shape for {}: it would be resized to {} x {}; crop it first",
         width, height, config.type, resized.width, resized.height);
  }
  geometry.rows = {.size = resized.height, .length = resized.height};
  geometry.columns = {.size = resized.width, .length = resized.width};
  if (config.do_resize && config.style == ResizeStyle::convnext && config.size.shortest_edge < 384) {
    geometry.rows.center_crop(config.size.shortest_edge, config.backend);
    geometry.columns.center_crop(config.size.shortest_edge, config.backend);
  }
  if (config.do_center_crop) {
    geometry.rows.center_crop(config.crop_size.height, config.backend);
    geometry.columns.center_crop(config.crop_size.width, config.backend);
  }
  geometry.padded = {geometry.rows.size, geometry.columns.size};
  if (config.do_pad) {
    if (geometry.padded.height > config.pad_size.height || geometry.padded.width > config.pad_size.width) {
      fail(ErrorCode::invalid_argument,
           "an image of {} x {} pixels comes out at {} x {}, which exceeds pad_size {} x {}", width, height,
           geometry.padded.width, geometry.padded.height, config.pad_size.width, config.pad_size.height);
    }
    geometry.padded = {config.pad_size.height, config.pad_size.width};
  }
  constexpr int64_t kMaxOutputPixels = int64_t{1} << 26;
  if (geometry.padded.width > kMaxOutputPixels / geometry.padded.height) {
    fail(ErrorCode::invalid_argument, "an image of {} x {} pixels would come out at {} x {}; crop it first", width,
         height, geometry.padded.width, geometry.padded.height);
  }
  return geometry;
}

}  // namespace

ImageProcessor::ImageProcessor(ImageProcessorConfig config) : config_(std::move(config)), table_(pixel_table(config_)) {
  const bool has_size = config_.size.shortest_edge > 0 || (config_.size.height > 0 && config_.size.width > 0) ||
                        (config_.size.max_height > 0 && config_.size.max_width > 0);
  if (config_.do_resize && !has_size) fail(ErrorCode::invalid_model, "{} resizes but has no size", config_.type);
}

ImageProcessor ImageProcessor::from_files(const FileSet& files) {
  constexpr std::string_view kPlain[] = {"preprocessor_config.json"};
  const ProcessorFile file = read_processor_file(files, "image_processor", kPlain);
  return ImageProcessor(parse_image_processor(file.json, file.name, file.model_type));
}

ImageSize ImageProcessor::output_size(int64_t height, int64_t width) const {
  return geometry_of(config_, height, width).padded;
}

void ImageProcessor::process(const Image& image, std::span<float> out) const {
  const Geometry geometry = geometry_of(config_, image.height, image.width);
  const Axis& rows = geometry.rows;
  const Axis& columns = geometry.columns;
  const int64_t plane = geometry.padded.height * geometry.padded.width;
  if (static_cast<int64_t>(out.size()) != 3 * plane) {
    fail(ErrorCode::invalid_argument, "the output has {} values; expected 3 x {} x {}", out.size(),
         geometry.padded.height, geometry.padded.width);
  }
  const ResizeArithmetic arithmetic =
      config_.backend == ImageBackend::torchvision ? ResizeArithmetic::torch : ResizeArithmetic::pillow;
  const Image resized = resize_image(image, geometry.resized.height, geometry.resized.width, config_.resample,
                                     arithmetic, {rows.source, columns.source, rows.length, columns.length});
  const bool cropped_whole = rows.length == geometry.padded.height && columns.length == geometry.padded.width;
  for (int c = 0; c < 3; ++c) {
    const float* table = table_.data() + c * 256;
    float* target = out.data() + c * plane;
    if (!cropped_whole) {
      std::fill_n(target, plane, 0.0F);
      for (int64_t y = 0; y < rows.size; ++y) {
        std::fill_n(target + y * geometry.padded.width, columns.size, table[0]);
      }
    }
    for (int64_t y = 0; y < rows.length; ++y) {
      const uint8_t* in = resized.rgb.data() + y * columns.length * 3 + c;
      float* row = target + (rows.target + y) * geometry.padded.width + columns.target;
      for (int64_t x = 0; x < columns.length; ++x) row[x] = table[in[3 * x]];
    }
  }
}

PixelValues ImageProcessor::process(const Image& image) const {
  return process_batch({&image, 1});
}

PixelValues ImageProcessor::process_batch(std::span<const Image> images) const {
  if (images.empty()) fail(ErrorCode::invalid_argument, "no image is given");
  const ImageSize size = output_size(images[0].height, images[0].width);
  for (size_t i = 1; i < images.size(); ++i) {
    const ImageSize other = output_size(images[i].height, images[i].width);
    if (other == size) continue;
    fail(ErrorCode::invalid_argument,
         "image {} comes out at {} x {} and image 0 at {} x {}; a batch needs one size: process them one by one", i,
         other.width, other.height, size.width, size.height);
  }
  PixelValues result;
  result.batch = static_cast<int64_t>(images.size());
  result.height = size.height;
  result.width = size.width;
  const int64_t image_values = 3 * size.height * size.width;
  result.values.resize(result.batch * image_values);
  for (size_t i = 0; i < images.size(); ++i) {
    process(images[i], std::span(result.values).subspan(i * image_values, image_values));
  }
  return result;
}

}  // namespace accelerate
