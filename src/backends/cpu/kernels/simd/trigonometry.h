#pragma once
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {

/// Sine, or cosine, by reduction to [-pi/4, pi/4]. Arguments beyond 8192 go to the C library.
ACCELERATE_INLINE V sin_cos_by_parts(V x, bool cosine) {
  const V n = round_even(x * set(0.636619772367581343f));  // in quarter turns
  V r = fnma(n, set(1.5703125f), x);                       // pi/2 in three parts, each product exact
  r = fnma(n, set(4.83751296997070312e-4f), r);
  r = fnma(n, set(7.5495030885795e-8f), r);
  const I quadrant = iadd(to_int(n), iset(cosine ? 1 : 0));
  const V z = r * r;
  V s = set(-1.9515295891e-4f);
  s = fma(s, z, set(8.3321608736e-3f));
  s = fma(s, z, set(-1.6666654611e-1f));
  s = fma(s * z, r, r);
  V c = set(2.443315711809948e-5f);
  c = fma(c, z, set(-1.388731625493765e-3f));
  c = fma(c, z, set(4.166664568298827e-2f));
  c = fma(c * z, z, fnma(set(0.5f), z, set(1.0f)));
  const V magnitude = select(ieq(iand(quadrant, iset(1)), iset(1)), c, s);
  return as_float(ixor(as_int(magnitude), ishl<30>(iand(quadrant, iset(2)))));
}

template <bool kCosine>
ACCELERATE_INLINE V sin_cos(V x) {
  const V result = sin_cos_by_parts(x, kCosine);
  const M far = lt(set(8192.0f), abs(x));
  if (__builtin_expect(!any(far), 1)) return result;
  alignas(64) float in[kW];
  alignas(64) float out[kW];
  store(in, x);
  for (int i = 0; i < kW; ++i) out[i] = kCosine ? __builtin_cosf(in[i]) : __builtin_sinf(in[i]);
  return select(far, load(out), result);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
