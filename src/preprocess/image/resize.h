#pragma once
#include <cstdint>
#include <string_view>

#include "preprocess/image/image.h"

namespace accelerate {

/// Pillow's filters, with the numbers that configuration files use.
enum class Resample { nearest = 0, lanczos = 1, bilinear = 2, bicubic = 3, box = 4, hamming = 5 };

std::string_view name_of(Resample filter);

/// Whose integer arithmetic a resize reproduces bit for bit.
///   pillow: `PIL.Image.resize`, weights of 22 fraction bits;
///   torch: `torchvision.transforms.v2.functional.resize(antialias=True)` of a uint8 tensor on a CPU, weights
///   of 16 bits; nearest is its "nearest-exact". It has no box and hamming: they are computed as pillow.
enum class ResizeArithmetic { pillow, torch };

/// The part of the resized picture that is wanted, in its pixels.
struct ResizeWindow {
  int64_t top = 0;
  int64_t left = 0;
  int64_t height = 0;
  int64_t width = 0;
};

/// The largest side of a resized picture, of which only a window may be computed.
constexpr int64_t kMaxResizedSide = int64_t{1} << 22;

/// Resizes to height x width and gives the window of it. Two passes with 8 bits between them; torch filters
/// columns first, Pillow 13.0 rows first where the picture loses far more rows than columns. Only what the window needs
/// is computed, so that memory is bounded by the window and a few input rows. Thread-safe. Errors: invalid_argument if
/// a size is below 1 or above kMaxResizedSide, if the window is empty or not inside the resized picture, or if
/// image.rgb is not height * width * 3 bytes. Source: Pillow, Resample.c and Geometry.c; PyTorch,
/// aten/native/cpu/UpSampleKernel.cpp.
Image resize_image(const Image& image, int64_t height, int64_t width, Resample filter, ResizeArithmetic arithmetic,
                   const ResizeWindow& window);

/// The whole resized picture.
Image resize_image(const Image& image, int64_t height, int64_t width, Resample filter,
                   ResizeArithmetic arithmetic = ResizeArithmetic::pillow);

}  // namespace accelerate
