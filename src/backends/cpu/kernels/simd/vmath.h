#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "backends/cpu/kernels/simd/simd.h"

// Elementary functions on vectors. Errors are a few units in the last place unless a line says otherwise.
namespace accelerate::cpu::ACCELERATE_TARGET {

constexpr float kInfinity = __builtin_inff();

/// 2^n * p(r) with x = n ln 2 + r. Overflow gives infinity, underflow is gradual, NaN passes on.
ACCELERATE_INLINE V exp(V x) {
  x = min(set(89.0f), max(set(-104.0f), x));
  const V n = round_even(x * set(1.44269504088896341f));
  V r = fnma(n, set(0.693359375f), x);
  r = fnma(n, set(-2.12194440e-4f), r);
  V p = set(1.9875691500e-4f);
  p = fma(p, r, set(1.3981999507e-3f));
  p = fma(p, r, set(8.3334519073e-3f));
  p = fma(p, r, set(4.1665795894e-2f));
  p = fma(p, r, set(1.6666665459e-1f));
  p = fma(p, r, set(5.0000001201e-1f));
  return scale2(fma(p, r * r, r) + set(1.0f), n);
}

/// 2^x for x <= 0, 0 below 2^-126: the core of softmax.
ACCELERATE_INLINE V exp2_nonpositive(V x) {
  const V y = max(set(-127.0f), x);
  const V n = round_even(y), f = y - n;
  V p = set(1.3276444404e-3f);
  p = fma(p, f, set(9.6755376971e-3f));
  p = fma(p, f, set(5.5507133152e-2f));
  p = fma(p, f, set(2.4022119793e-1f));
  p = fma(p, f, set(6.9314696707e-1f));
  p = fma(p, f, set(1.0f));
#if defined(ACCELERATE_AVX512)
  const V result = scale2(p, n);
#else
  const V result = as_float(iadd(as_int(p), ishl<23>(to_int(n))));  // n >= -127: p * 2^n is normal, or unused
#endif
  return select(lt(x, set(-126.0f)), zero(), result);
}

/// Natural logarithm, also of subnormals; log 0 = -inf, of a negative number NaN. (Cephes logf)
ACCELERATE_INLINE V log(V x) {
  const M tiny = lt(x, set(0x1p-126f));
  const V y = select(tiny, x * set(0x1p23f), x);
  const I b = as_int(y);
  V e = to_float(isub(iand(ishr<23>(b), iset(0xff)), iset(126))) - select(tiny, set(23.0f), zero());
  V m = as_float(ior(iand(b, iset(0x007fffff)), iset(0x3f000000)));  // in [0.5, 1)
  const M low = lt(m, set(0.707106781186547524f));
  e = e - select(low, set(1.0f), zero());
  m = m + select(low, m, zero()) - set(1.0f);
  const V z = m * m;
  V p = set(7.0376836292e-2f);
  p = fma(p, m, set(-1.1514610310e-1f));
  p = fma(p, m, set(1.1676998740e-1f));
  p = fma(p, m, set(-1.2420140846e-1f));
  p = fma(p, m, set(1.4249322787e-1f));
  p = fma(p, m, set(-1.6668057665e-1f));
  p = fma(p, m, set(2.0000714765e-1f));
  p = fma(p, m, set(-2.4999993993e-1f));
  p = fma(p, m, set(3.3333331174e-1f));
  V y1 = p * m * z;
  y1 = fma(e, set(-2.12194440e-4f), y1);
  y1 = fnma(set(0.5f), z, y1);
  V result = fma(e, set(0.693359375f), m + y1);
  result = select(eq(x, zero()), set(-kInfinity), result);
  result = select(lt(x, zero()), set(__builtin_nanf("")), result);
  result = select(mask_or(eq(x, set(kInfinity)), is_nan(x)), x, result);
  return result;
}

/// log(1 + x), accurate near 0.
ACCELERATE_INLINE V log1p(V x) {
  const V u = x + set(1.0f);
  // The rounding error of u, to first order; meaningless where u is 0 or infinite.
  const V correction = (x - (u - set(1.0f))) / u;
  const M plain = mask_or(mask_or(le(u, zero()), eq(u, set(kInfinity))), is_nan(u));
  const V result = log(u) + select(plain, zero(), correction);
  return select(eq(x, zero()), x, result);  // keeps -0
}

/// exp(x) - 1, accurate near 0.
ACCELERATE_INLINE V expm1(V x) {
  // Near 0 by its own polynomial; beyond by exp.
  V p = set(1.9875691500e-4f);
  p = fma(p, x, set(1.3981999507e-3f));
  p = fma(p, x, set(8.3334519073e-3f));
  p = fma(p, x, set(4.1665795894e-2f));
  p = fma(p, x, set(1.6666665459e-1f));
  p = fma(p, x, set(5.0000001201e-1f));
  const V near = fma(p, x * x, x);
  return select(le(abs(x), set(0.35f)), select(eq(x, zero()), x, near), exp(x) - set(1.0f));
}

/// Odd rational function on [-7.9, 7.9]; beyond 9.1 exactly +-1.
ACCELERATE_INLINE V tanh(V x) {
  const V bounded = min(set(7.90531110763549805f), max(set(-7.90531110763549805f), x));
  const V z = bounded * bounded;
  V p = set(-2.76076847742355e-16f);
  p = fma(p, z, set(2.00018790482477e-13f));
  p = fma(p, z, set(-8.60467152213735e-11f));
  p = fma(p, z, set(5.12229709037114e-08f));
  p = fma(p, z, set(1.48572235717979e-05f));
  p = fma(p, z, set(6.37261928875436e-04f));
  p = fma(p, z, set(4.89352455891786e-03f));
  V q = set(1.19825839466702e-06f);
  q = fma(q, z, set(1.18534705686654e-04f));
  q = fma(q, z, set(2.26843463243900e-03f));
  q = fma(q, z, set(4.89352518554385e-03f));
  const V size = abs(x), result = select(lt(size, set(0.0004f)), x, bounded * p / q);
  const V limit = as_float(ior(iset(0x3f800000), iand(as_int(x), iset(INT32_MIN))));  // 1 with the sign of x
  return select(lt(set(9.1f), size), limit, clamp(result, set(-1.0f), set(1.0f)));
}

/// 1 - erf(u / sqrt 2) for u in [0, 15], as 2^(-u P(u)) with P fitted to -log2(erfc(u / sqrt 2)) / u.
ACCELERATE_INLINE V erfc_scaled(V u) {
  V p = set(3.38970595e-08f);
  p = fma(p, u, set(-9.94536206e-07f));
  p = fma(p, u, set(1.22799208e-05f));
  p = fma(p, u, set(-8.264693e-05f));
  p = fma(p, u, set(2.95092043e-04f));
  p = fma(p, u, set(-1.97436106e-05f));
  p = fma(p, u, set(-6.93651959e-03f));
  p = fma(p, u, set(5.24423346e-02f));
  p = fma(p, u, set(4.59218263e-01f));
  p = fma(p, u, set(1.15110469f));
  return exp2_nonpositive(neg(p * u));
}

/// An odd polynomial near 0; beyond, from erfc. Absolute error below 3e-7.
ACCELERATE_INLINE V erf(V x) {
  const V z = x * x;
  V p = set(-6.5353028e-04f);
  p = fma(p, z, set(5.08514226e-03f));
  p = fma(p, z, set(-2.68208143e-02f));
  p = fma(p, z, set(1.1283113e-01f));
  p = fma(p, z, set(-3.76126014e-01f));
  p = fma(p, z, set(1.12837916f));
  const V near = p * x;
  const V size = abs(x);
  const V far = set(1.0f) - erfc_scaled(min(set(15.0f), size * set(1.41421356237309505f)));
  const V signed_far = as_float(ior(as_int(far), iand(as_int(x), iset(INT32_MIN))));
  return select(lt(size, set(0.75f)), near, signed_far);
}

ACCELERATE_INLINE V sigmoid(V x) {
  return set(1.0f) / (set(1.0f) + exp(neg(x)));
}
ACCELERATE_INLINE V relu(V x) {
  return max(zero(), x);
}
/// x Phi(x) = max(x, 0) - |x| / 2 erfc(|x| / sqrt 2), which does not cancel in the tail.
ACCELERATE_INLINE V gelu(V x) {
  const V size = min(set(15.0f), abs(x));
  return fnma(size * set(0.5f), erfc_scaled(size), relu(x));
}
/// x (1 + tanh u) / 2 = x / (1 + e^-2u)
ACCELERATE_INLINE V gelu_tanh(V x) {
  const V twice = x * fma(x * x, set(-2.0f * 0.044715f * 0.797884560802865356f), set(-2.0f * 0.797884560802865356f));
  return x / (set(1.0f) + exp(twice));
}
ACCELERATE_INLINE V quick_gelu(V x) {
  return x / (set(1.0f) + exp(x * set(-1.702f)));
}
ACCELERATE_INLINE V silu(V x) {
  return x / (set(1.0f) + exp(neg(x)));
}
ACCELERATE_INLINE V hardsigmoid(V x) {
  return min(set(1.0f), max(zero(), fma(x, set(1.0f / 6.0f), set(0.5f))));
}
ACCELERATE_INLINE V hardswish(V x) {
  return x * min(set(6.0f), max(zero(), x + set(3.0f))) * set(1.0f / 6.0f);
}
/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|)
ACCELERATE_INLINE V softplus(V x) {
  return max(zero(), x) + log1p(exp(neg(abs(x))));
}
/// x tanh(softplus x) = x (u^2 + 2u) / (u^2 + 2u + 2) with u = e^x, which is x for large x.
ACCELERATE_INLINE V mish(V x) {
  const V u = exp(min(set(20.0f), x)), w = fma(u, u, u + u);
  return select(lt(set(20.0f), x), x, x * (w / (w + set(2.0f))));
}

template <Activation kActivation>
ACCELERATE_INLINE V activate(V x) {
  switch (kActivation) {
    case Activation::none: return x;
    case Activation::relu: return relu(x);
    case Activation::gelu: return gelu(x);
    case Activation::gelu_tanh: return gelu_tanh(x);
    case Activation::quick_gelu: return quick_gelu(x);
    case Activation::silu: return silu(x);
    case Activation::tanh: return tanh(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::relu6: return min(set(6.0f), max(zero(), x));
    case Activation::hardswish: return hardswish(x);
  }
  return x;
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
