#include "preprocess/image/resize.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "preprocess/image/resample_kernels.h"
#include "preprocess/image/resample_weights.h"

namespace accelerate {
namespace {

void check(const Image& image, int64_t height, int64_t width, const ResizeWindow& window) {
  if (image.width < 1 || image.height < 1 || image.width > (int64_t{1} << 31) || image.height > (int64_t{1} << 31) ||
      static_cast<int64_t>(image.rgb.size()) / 3 / image.width != image.height || image.rgb.size() % 3 != 0 ||
      static_cast<int64_t>(image.rgb.size()) / 3 % image.width != 0) {
    fail(ErrorCode::invalid_argument, "an image of {} x {} pixels with {} bytes; expected width * height * 3",
         image.width, image.height, image.rgb.size());
  }
  if (width < 1 || height < 1 || width > kMaxResizedSide || height > kMaxResizedSide) {
    fail(ErrorCode::invalid_argument,
         "an image of {} x {} pixels would be resized to {} x {}; sides from 1 to {} are possible; crop the image to "
         "a less extreme shape",
         image.width, image.height, width, height, kMaxResizedSide);
  }
  if (window.top < 0 || window.left < 0 || window.height < 1 || window.width < 1 ||
      window.top > height - window.height || window.left > width - window.width) {
    fail(ErrorCode::invalid_argument, "window {} x {} at ({}, {}) is not inside a picture of {} x {}", window.width,
         window.height, window.left, window.top, width, height);
  }
}

Image make_image(int64_t height, int64_t width) {
  Image image;
  image.width = width;
  image.height = height;
  image.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  return image;
}

Image resize_nearest(const Image& image, int64_t height, int64_t width, ResizeArithmetic arithmetic,
                     const ResizeWindow& window) {
  const auto columns = nearest_indices(image.width, width, window.left, window.width, arithmetic);
  const auto rows = nearest_indices(image.height, height, window.top, window.height, arithmetic);
  Image out = make_image(window.height, window.width);
  uint8_t* pixel = out.rgb.data();
  for (const int64_t row : rows) {
    const uint8_t* in = image.rgb.data() + row * image.width * 3;
    for (const int64_t column : columns) {
      std::memcpy(pixel, in + column * 3, 3);
      pixel += 3;
    }
  }
  return out;
}

/// Gives the window's columns of single input rows.
class ColumnPass {
 public:
  ColumnPass(const ResampleKernels& kernels, const Image& image, int64_t width, Resample filter,
             ResizeArithmetic arithmetic, const ResizeWindow& window)
      : kernels_(kernels), image_(image), left_(window.left), filtered_(width != image.width) {
    if (!filtered_) return;
    weights_ = axis_weights(image.width, width, window.left, window.width, filter, arithmetic);
    first_ = *std::min_element(weights_.first.begin(), weights_.first.end());
    int64_t end = 0;
    for (int64_t i = 0; i < weights_.num_outputs(); ++i) end = std::max<int64_t>(end, weights_.first[i] + weights_.count[i]);
    num_pixels_ = end - first_;
    for (int32_t& first : weights_.first) first -= static_cast<int32_t>(first_);
    plane_stride_ = num_pixels_ + kTapBlock;
    planes_.assign(3 * plane_stride_, 0);
    out_.resize(window.width * 3);
  }
  /// [window.width * 3], valid until the next call.
  const uint8_t* row(int64_t y) {
    const uint8_t* in = image_.rgb.data() + y * image_.width * 3;
    if (!filtered_) return in + left_ * 3;
    kernels_.split_row(in + first_ * 3, planes_.data(), num_pixels_, plane_stride_);
    kernels_.filter_row(planes_.data(), plane_stride_, weights_.view(), out_.data());
    return out_.data();
  }

 private:
  const ResampleKernels& kernels_;
  const Image& image_;
  int64_t left_;
  bool filtered_;
  AxisWeights weights_;
  int64_t first_ = 0;
  int64_t num_pixels_ = 0;
  int64_t plane_stride_ = 0;
  std::vector<int32_t> planes_;
  std::vector<uint8_t> out_;
};

/// Reads the input rows once, in order, and adds each to the output rows that it takes part in; an output row is
/// written when its last input row has come. Sums of integers do not depend on the order.
void filter_rows(ColumnPass& columns, const ResampleKernels& kernels, const AxisWeights& weights, Image& out) {
  const int64_t num_outputs = weights.num_outputs();
  const int64_t row_size = out.width * 3;
  int64_t max_active = 1;
  for (int64_t oldest = 0, newest = 0; newest < num_outputs; ++newest) {
    while (weights.first[oldest] + weights.count[oldest] <= weights.first[newest]) ++oldest;
    max_active = std::max(max_active, newest - oldest + 1);
  }
  std::vector<int32_t> sums(max_active * row_size);
  int64_t oldest = 0;
  int64_t next = 0;
  for (int64_t y = weights.first[0]; oldest < num_outputs; ++y) {
    for (; next < num_outputs && weights.first[next] <= y; ++next) {
      std::fill_n(sums.data() + next % max_active * row_size, row_size, 0);
    }
    if (oldest == next) continue;
    const uint8_t* row = columns.row(y);
    for (int64_t i = oldest; i < next; ++i) {
      const int64_t tap = y - weights.first[i];
      if (tap < weights.count[i]) {
        kernels.add_row(row, weights.weights[i * weights.stride + tap], sums.data() + i % max_active * row_size, row_size);
      }
    }
    for (; oldest < next && weights.first[oldest] + weights.count[oldest] <= y + 1; ++oldest) {
      kernels.finish_row(sums.data() + oldest % max_active * row_size, weights.precision,
                         out.rgb.data() + oldest * row_size, row_size);
    }
  }
}

}  // namespace

std::string_view name_of(Resample filter) {
  switch (filter) {
    case Resample::nearest: return "nearest";
    case Resample::lanczos: return "lanczos";
    case Resample::bilinear: return "bilinear";
    case Resample::bicubic: return "bicubic";
    case Resample::box: return "box";
    case Resample::hamming: return "hamming";
  }
  return "unknown";
}

Image resize_image(const Image& image, int64_t height, int64_t width, Resample filter, ResizeArithmetic arithmetic,
                   const ResizeWindow& window) {
  check(image, height, width, window);
  if (filter == Resample::nearest) return resize_nearest(image, height, width, arithmetic, window);
  const ResampleKernels& kernels = resample_kernels();
  ColumnPass columns(kernels, image, width, filter, arithmetic, window);
  Image out = make_image(window.height, window.width);
  if (height == image.height) {
    for (int64_t y = 0; y < window.height; ++y) {
      std::memcpy(out.rgb.data() + y * window.width * 3, columns.row(window.top + y), window.width * 3);
    }
    return out;
  }
  const AxisWeights weights = axis_weights(image.height, height, window.top, window.height, filter, arithmetic);
  filter_rows(columns, kernels, weights, out);
  return out;
}

Image resize_image(const Image& image, int64_t height, int64_t width, Resample filter, ResizeArithmetic arithmetic) {
  return resize_image(image, height, width, filter, arithmetic, {0, 0, height, width});
}

}  // namespace accelerate
