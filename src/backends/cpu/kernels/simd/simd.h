#pragma once
#include <stddef.h>
#include <stdint.h>

// Vectors of floats of the width of the instruction set that this translation unit is compiled for. The files of
// this folder are compiled once per instruction set, in a namespace of its own (ACCELERATE_TARGET), so that no
// inline function of one set can stand in for another's; for the same reason they use no standard templates.
#ifndef ACCELERATE_TARGET
#define ACCELERATE_TARGET portable
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define ACCELERATE_AVX512 1
#include <immintrin.h>
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define ACCELERATE_AVX2 1
#include <immintrin.h>
#endif

#define ACCELERATE_INLINE static inline __attribute__((always_inline))

namespace accelerate::cpu::ACCELERATE_TARGET {

/// Float and half bit patterns, for tails and the portable path.
ACCELERATE_INLINE float bf16_to_float(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  float value;
  __builtin_memcpy(&value, &wide, 4);
  return value;
}
ACCELERATE_INLINE uint16_t float_to_bf16(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40);  // quiet NaN
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}
ACCELERATE_INLINE float f16_to_float(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ffu;
  float value;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24 is exact
    value = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -value : value;
  }
  const uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | (fraction << 13);
  __builtin_memcpy(&value, &bits, 4);
  return value;
}
ACCELERATE_INLINE uint16_t float_to_f16(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | ((bits >> 13) & 0x1ffu));
  if (bits >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 and above round to infinity
  if (bits < 0x38800000u) {                                               // below 2^-14: subnormal
    float magnitude;
    __builtin_memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;  // the sum rounds at 2^-24, to nearest even
    uint32_t rounded;
    __builtin_memcpy(&rounded, &magnitude, 4);
    return static_cast<uint16_t>(sign | (rounded - 0x3f000000u));
  }
  return static_cast<uint16_t>(sign | ((bits - 0x38000000u + 0xfffu + ((bits >> 13) & 1)) >> 13));
}

#if defined(ACCELERATE_AVX512)
#include "backends/cpu/kernels/simd/simd_avx512.inc"
#elif defined(ACCELERATE_AVX2)
#include "backends/cpu/kernels/simd/simd_avx2.inc"
#else
#include "backends/cpu/kernels/simd/simd_portable.inc"
#endif

ACCELERATE_INLINE V neg(V a) {
  return -a;
}
ACCELERATE_INLINE M both(M a, M b) {
  return mask_and(a, b);
}
ACCELERATE_INLINE V clamp(V x, V low, V high) {
  return min(high, max(low, x));
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
