#pragma once
#include <cstdint>
#include <vector>

#include "preprocess/image/resample_kernels.h"
#include "preprocess/image/resize.h"

namespace accelerate {

/// The fixed-point filter of one axis. Output i, counted from the window's start, is
/// (sum over k of input[first[i] + k] * weight(i)[k] + half) >> precision, clamped to a byte.
struct AxisWeights {
  std::vector<int32_t> first;
  std::vector<int32_t> count;    // taps, at least 1
  std::vector<int32_t> weights;  // [num_outputs, stride], zero after the taps
  int64_t stride = 0;            // a multiple of kTapBlock
  int precision = 0;

  int64_t num_outputs() const { return static_cast<int64_t>(first.size()); }
  AxisView view() const { return {first.data(), count.data(), weights.data(), stride, num_outputs(), precision}; }
};

/// Weights for outputs [start, start + length) of an axis resized from in_size to out_size.
AxisWeights axis_weights(int64_t in_size, int64_t out_size, int64_t start, int64_t length, Resample filter,
                         ResizeArithmetic arithmetic);

/// The input index of each output [start, start + length) of an axis under the nearest filter.
std::vector<int32_t> nearest_indices(int64_t in_size, int64_t out_size, int64_t start, int64_t length,
                                     ResizeArithmetic arithmetic);

}  // namespace accelerate
