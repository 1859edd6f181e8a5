#pragma once
#include <cstdint>

#include "base/cpu_features.h"

namespace accelerate {

/// Weights are stored in blocks of this many taps, so that kernels read whole vectors.
constexpr int64_t kTapBlock = 2;

/// An AxisWeights as plain pointers: nothing that a file compiled for one instruction set could share with others.
struct AxisView {
  const int32_t* first;    // [num_outputs]
  const int32_t* count;    // [num_outputs]
  const int32_t* weights;  // [num_outputs, stride]
  int64_t stride;
  int64_t num_outputs;
  int precision;
};

/// Inner loops of a resize; compiled once an instruction set, chosen by selected_isa(). They allocate nothing.
struct ResampleKernels {
  /// rgb [num_pixels, 3] -> pixels [num_pixels, 4], the fourth 0.
  void (*spread_row)(const uint8_t* rgb, int32_t* pixels, int64_t num_pixels);
  /// pixels [_, 4], readable for kTapBlock - 1 pixels past the last tap -> rgb [num_outputs, 3]
  void (*filter_row)(const int32_t* pixels, const AxisView& axis, uint8_t* rgb);
  /// sums[i] += weight * bytes[i]
  void (*add_row)(const uint8_t* bytes, int32_t weight, int32_t* sums, int64_t size);
  /// bytes[i] = clamp((sums[i] + half) >> precision)
  void (*finish_row)(const int32_t* sums, int precision, uint8_t* bytes, int64_t size);
};

/// The best kernels that need no more than `isa`.
const ResampleKernels& resample_kernels(Isa isa);

}  // namespace accelerate
