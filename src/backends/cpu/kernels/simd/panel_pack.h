#pragma once
#include "backends/cpu/kernels/simd/gemm_block.h"

// Writing f32 panels from strided matrices.
namespace accelerate::cpu::ACCELERATE_TARGET {

typedef float Quad __attribute__((vector_size(16)));

ACCELERATE_INLINE Quad load_quad(const float* p) {
  Quad q;
  __builtin_memcpy(&q, p, 16);
  return q;
}
ACCELERATE_INLINE void store_quad(float* p, Quad q) {
  __builtin_memcpy(p, &q, 16);
}

/// dst[k * dst_stride + j] = src[j * src_stride + k] for 4 x 4 elements.
ACCELERATE_INLINE void transpose_quad(const float* src, int64_t src_stride, float* dst, int64_t dst_stride) {
  const Quad a = load_quad(src), b = load_quad(src + src_stride), c = load_quad(src + 2 * src_stride),
             d = load_quad(src + 3 * src_stride);
  const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store_quad(dst, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  store_quad(dst + dst_stride, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  store_quad(dst + 2 * dst_stride, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  store_quad(dst + 3 * dst_stride, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

/// One panel: dst[k * kPanel + j] = alpha * src[k * stride_k + j * stride_n] for k < kc, j < columns, and 0 for
/// the columns beyond.
static inline void pack_panel_f32(const float* src, int64_t stride_k, int64_t stride_n, int64_t kc, int64_t columns,
                                  float* dst, float alpha) {
  if (stride_n == 1) {
    const V factor = set(alpha);
    if (columns == kPanel) {
      for (int64_t k = 0; k < kc; ++k) {
        store(dst + k * kPanel, load(src + k * stride_k) * factor);
        store(dst + k * kPanel + kW, load(src + k * stride_k + kW) * factor);
      }
    } else {
      for (int64_t k = 0; k < kc; ++k) {
        store(dst + k * kPanel, load_n(src + k * stride_k, columns) * factor);
        store(dst + k * kPanel + kW, columns > kW ? load_n(src + k * stride_k + kW, columns - kW) * factor : zero());
      }
    }
    return;
  }
  if (columns < kPanel) {
    for (int64_t k = 0; k < kc; ++k) {
      store(dst + k * kPanel, zero());
      store(dst + k * kPanel + kW, zero());
    }
  }
  const int64_t whole = stride_k == 1 ? columns / 4 * 4 : 0, whole_k = stride_k == 1 ? kc / 4 * 4 : 0;
  for (int64_t k = 0; k < whole_k; k += 4) {
    for (int64_t j = 0; j < whole; j += 4)
      transpose_quad(src + j * stride_n + k, stride_n, dst + k * kPanel + j, kPanel);
  }
  for (int64_t j = 0; j < columns; ++j) {
    for (int64_t k = j < whole ? whole_k : 0; k < kc; ++k) dst[k * kPanel + j] = src[k * stride_k + j * stride_n];
  }
  if (alpha != 1.0f) {
    const V factor = set(alpha);
    for (int64_t i = 0; i < kc * kPanel; i += kW) store(dst + i, load(dst + i) * factor);
  }
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
