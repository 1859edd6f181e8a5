#pragma once
#include <cstdint>

#include "preprocess/image/processor_config.h"

namespace accelerate {

/// Height and width in pixels.
struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

/// Towards zero, as Python's int().
int64_t truncated(double value);
/// To the nearest integer, halves to even, as Python's round().
int64_t rounded(double value);

/// The shorter side becomes `edge`, the other follows. Source: transformers, get_resize_output_image_size.
ImageSize with_shortest_edge(ImageSize image, int64_t edge);

/// The shorter side becomes `edge` unless the other would exceed `limit`.
/// Source: transformers, get_size_with_aspect_ratio.
ImageSize with_aspect_ratio(ImageSize image, int64_t edge, int64_t limit);

/// The size that a rule gives; the picture's own for an empty rule.
ImageSize apply_size_rule(const SizeRule& rule, ImageSize image);

}  // namespace accelerate
