#pragma once
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {

/// Layer normalisation of one row; y may be x.
ACCELERATE_INLINE void layer_norm_row(int64_t cols, const float* x, const float* weight, const float* bias,
                                      float weight_offset, float eps, float* y) {
  const float mean = row_sum(x, cols) / static_cast<float>(cols);
  const float variance = row_squares(x, cols, mean) / static_cast<float>(cols);
  const V m = set(mean), scale = set(1.0f / __builtin_sqrtf(variance + eps)), offset = set(weight_offset);
  for_lanes(cols, [&](int64_t i, int64_t n) {
    V v = (load_n(x + i, n) - m) * scale;
    if (weight) v = v * (load_n(weight + i, n) + offset);
    if (bias) v = v + load_n(bias + i, n);
    store_n(y + i, v, n);
  });
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
