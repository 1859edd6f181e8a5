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

/// Filters single rows to the window's columns; of an input row it reads num_pixels() pixels from first() on.
class ColumnPass {
 public:
  ColumnPass(const ResampleKernels& kernels, int64_t in_width, int64_t width, Resample filter,
             ResizeArithmetic arithmetic, const ResizeWindow& window)
      : kernels_(kernels), filtered_(width != in_width), first_(window.left), num_pixels_(window.width) {
    if (!filtered_) return;
    weights_ = axis_weights(in_width, width, window.left, window.width, filter, arithmetic);
    first_ = weights_.first.front();
    int64_t end = 0;
    for (int64_t i = 0; i < weights_.num_outputs(); ++i) {
      end = std::max<int64_t>(end, weights_.first[i] + weights_.count[i]);
    }
    num_pixels_ = end - first_;
    for (int32_t& first : weights_.first) first -= static_cast<int32_t>(first_);
    pixels_.assign((num_pixels_ + kTapBlock) * 4, 0);
    out_.resize(window.width * 3);
  }
  int64_t first() const { return first_; }
  int64_t num_pixels() const { return num_pixels_; }

  /// rgb [num_pixels, 3] -> [window.width, 3], valid until the next call.
  const uint8_t* apply(const uint8_t* rgb) {
    if (!filtered_) return rgb;
    kernels_.spread_row(rgb, pixels_.data(), num_pixels_);
    kernels_.filter_row(pixels_.data(), weights_.view(), out_.data());
    return out_.data();
  }

 private:
  const ResampleKernels& kernels_;
  bool filtered_;
  AxisWeights weights_;
  int64_t first_;
  int64_t num_pixels_;
  std::vector<int32_t> pixels_;
  std::vector<uint8_t> out_;
};

/// Reads rows of row_size bytes once, in order (`read(y)`), and adds each to the output rows that it takes part
/// in; `write(i, bytes)` gets an output row when its last input row has come. Sums of integers do not depend on
/// the order.
template <typename Read, typename Write>
void filter_rows(const ResampleKernels& kernels, const AxisWeights& weights, int64_t row_size, Read read, Write write) {
  const int64_t num_outputs = weights.num_outputs();
  int64_t max_active = 1;
  for (int64_t oldest = 0, newest = 0; newest < num_outputs; ++newest) {
    while (weights.first[oldest] + weights.count[oldest] <= weights.first[newest]) ++oldest;
    max_active = std::max(max_active, newest - oldest + 1);
  }
  std::vector<int32_t> sums(max_active * row_size);
  std::vector<uint8_t> finished(row_size);
  int64_t oldest = 0;
  int64_t next = 0;
  for (int64_t y = weights.first[0]; oldest < num_outputs; ++y) {
    for (; next < num_outputs && weights.first[next] <= y; ++next) {
      std::fill_n(sums.data() + next % max_active * row_size, row_size, 0);
    }
    if (oldest == next) continue;
    const uint8_t* row = read(y);
    for (int64_t i = oldest; i < next; ++i) {
      const int64_t tap = y - weights.first[i];
      if (tap < weights.count[i]) {
        kernels.add_row(row, weights.weights[i * weights.stride + tap], sums.data() + i % max_active * row_size,
                        row_size);
      }
    }
    for (; oldest < next && weights.first[oldest] + weights.count[oldest] <= y + 1; ++oldest) {
      kernels.finish_row(sums.data() + oldest % max_active * row_size, weights.precision, finished.data(), row_size);
      write(oldest, finished.data());
    }
  }
}

/// Pillow 13.0 filters rows first where the picture loses rows, and more than twice as many rows as columns.
/// The rule is inferred from its results: it holds for thousands of random sizes and every filter.
bool rows_first(const Image& image, int64_t height, int64_t width, ResizeArithmetic arithmetic) {
  const int64_t dropped_rows = image.height - height;
  const int64_t dropped_columns = image.width - width;
  return arithmetic == ResizeArithmetic::pillow && dropped_rows > 0 && dropped_rows > 2 * dropped_columns;
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
  const ResampleKernels& kernels = resample_kernels(selected_isa());
  ColumnPass columns(kernels, image.width, width, filter, arithmetic, window);
  Image out = make_image(window.height, window.width);
  const int64_t out_row_size = window.width * 3;
  const auto input_row = [&](int64_t y) { return image.rgb.data() + (y * image.width + columns.first()) * 3; };
  const auto write = [&](int64_t i, const uint8_t* row) {
    std::memcpy(out.rgb.data() + i * out_row_size, row, out_row_size);
  };
  if (height == image.height) {
    for (int64_t y = 0; y < window.height; ++y) write(y, columns.apply(input_row(window.top + y)));
    return out;
  }
  const AxisWeights weights = axis_weights(image.height, height, window.top, window.height, filter, arithmetic);
  if (rows_first(image, height, width, arithmetic)) {
    filter_rows(kernels, weights, columns.num_pixels() * 3, input_row,
                [&](int64_t i, const uint8_t* row) { write(i, columns.apply(row)); });
  } else {
    filter_rows(kernels, weights, out_row_size, [&](int64_t y) { return columns.apply(input_row(y)); }, write);
  }
  return out;
}

Image resize_image(const Image& image, int64_t height, int64_t width, Resample filter, ResizeArithmetic arithmetic) {
  return resize_image(image, height, width, filter, arithmetic, {0, 0, height, width});
}

}  // namespace accelerate
