#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"
#include "backends/cpu/kernels/simd/trigonometry.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

template <typename F>
ACCELERATE_INLINE void map(int64_t n, const float* x, float* y, F&& f) {
  for_lanes(n, [&](int64_t i, int64_t count) {
    if (count == kW) {
      store(y + i, f(load(x + i)));
    } else {
      store_n(y + i, f(load_n(x + i, count)), count);
    }
  });
}

// Rare functions: the C library, an element at a time.
template <typename F>
ACCELERATE_INLINE void map_scalar(int64_t n, const float* x, float* y, F&& f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

ACCELERATE_INLINE V keep_nan(V x, V y) {
  return select(is_nan(x), x, y);
}
ACCELERATE_INLINE V sign_of(V x) {
  return select(lt(zero(), x), set(1.0f), select(lt(x, zero()), set(-1.0f), zero()));
}

template <typename F>
ACCELERATE_INLINE void map2(int64_t n, Operand a, Operand b, float* y, F&& f) {
  if (a.scalar && b.scalar) {
    const V v = f(set(a.data[0]), set(b.data[0]));
    for_lanes(n, [&](int64_t i, int64_t count) { store_n(y + i, v, count); });
  } else if (a.scalar) {
    const V u = set(a.data[0]);
    map(n, b.data, y, [&](V v) __attribute__((always_inline)) { return f(u, v); });
  } else if (b.scalar) {
    const V v = set(b.data[0]);
    map(n, a.data, y, [&](V u) __attribute__((always_inline)) { return f(u, v); });
  } else {
    for_lanes(n, [&](int64_t i, int64_t count) {
      store_n(y + i, f(load_n(a.data + i, count), load_n(b.data + i, count)), count);
    });
  }
}

template <typename F>
ACCELERATE_INLINE void map2_scalar(int64_t n, Operand a, Operand b, float* y, F&& f) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(a.data[a.scalar ? 0 : i], b.data[b.scalar ? 0 : i]);
}

void power(int64_t n, Operand a, Operand b, float* y) {
  if (b.scalar) {
    const float exponent = b.data[0];
    if (exponent == 2.0f) return map2(n, a, b, y, [](V u, V) { return u * u; });
    if (exponent == 3.0f) return map2(n, a, b, y, [](V u, V) { return u * u * u; });
    if (exponent == 1.0f) return map2(n, a, b, y, [](V u, V) { return u; });
    if (exponent == -1.0f) return map2(n, a, b, y, [](V u, V) { return set(1.0f) / u; });
    if (exponent == -2.0f) return map2(n, a, b, y, [](V u, V) { return set(1.0f) / (u * u); });
    // pow(-0, 0.5) is 0 and pow(-inf, 0.5) is inf, unlike sqrt.
    if (exponent == 0.5f) {
      return map2(n, a, b, y, [](V u, V) { return select(eq(u, set(-kInfinity)), set(kInfinity), sqrt(u + zero())); });
    }
  }
  map2_scalar(n, a, b, y, [](float u, float v) { return __builtin_powf(u, v); });
}

template <typename F>
ACCELERATE_INLINE void compare_with(int64_t n, Operand a, Operand b, uint8_t* y, F&& f) {
  for_lanes(n, [&](int64_t i, int64_t count) {
    const V u = a.scalar ? set(a.data[0]) : load_n(a.data + i, count);
    const V v = b.scalar ? set(b.data[0]) : load_n(b.data + i, count);
    if (count == kW) {
      store_mask_bytes(y + i, f(u, v));
    } else {
      uint8_t lanes[kW];
      store_mask_bytes(lanes, f(u, v));
      for (int64_t j = 0; j < count; ++j) y[i + j] = lanes[j];
    }
  });
}

}  // namespace

void unary(Unary op, int64_t n, const float* x, float* y, float p0, float p1) {
#define ACCELERATE_MAP(name, expression) \
  case Unary::name: return map(n, x, y, [=](V v) __attribute__((always_inline)) { return expression; })
#define ACCELERATE_MAP_SCALAR(name, expression) \
  case Unary::name: return map_scalar(n, x, y, [=](float v) { return expression; })
  (void)p0, (void)p1;
  switch (op) {
    case Unary::copy:
      if (x != y) __builtin_memmove(y, x, static_cast<size_t>(n) * sizeof(float));
      return;
      ACCELERATE_MAP(neg, neg(v));
      ACCELERATE_MAP(abs, abs(v));
      ACCELERATE_MAP(square, v * v);
      ACCELERATE_MAP(sqrt, sqrt(v));
      ACCELERATE_MAP(rsqrt, set(1.0f) / sqrt(v));
      ACCELERATE_MAP(reciprocal, set(1.0f) / v);
      ACCELERATE_MAP(exp, exp(v));
      ACCELERATE_MAP(log, log(v));
      ACCELERATE_MAP(log1p, log1p(v));
      ACCELERATE_MAP(expm1, expm1(v));
      ACCELERATE_MAP(tanh, tanh(v));
      ACCELERATE_MAP(sigmoid, sigmoid(v));
      ACCELERATE_MAP(relu, keep_nan(v, relu(v)));
      ACCELERATE_MAP(relu6, clamp(v, zero(), set(6.0f)));
      ACCELERATE_MAP(leaky_relu, select(lt(v, zero()), v * set(p0), v));
      ACCELERATE_MAP(elu, select(lt(v, zero()), expm1(v) * set(p0), v));
      ACCELERATE_MAP(
          selu,
          select(lt(v, zero()), expm1(v) * set(1.0507009873554804934193349852946f * 1.6732632423543772848170429916717f),
                 v * set(1.0507009873554804934193349852946f)));
      ACCELERATE_MAP(gelu, gelu(v));
      ACCELERATE_MAP(gelu_tanh, gelu_tanh(v));
      ACCELERATE_MAP(quick_gelu, quick_gelu(v));
      ACCELERATE_MAP(silu, silu(v));
      ACCELERATE_MAP(softplus, softplus(v));
      ACCELERATE_MAP(logsigmoid, neg(softplus(neg(v))));
      ACCELERATE_MAP(softsign, v / (set(1.0f) + abs(v)));
      ACCELERATE_MAP(mish, mish(v));
      ACCELERATE_MAP(hardsigmoid, hardsigmoid(v));
      ACCELERATE_MAP(hardswish, hardswish(v));
      ACCELERATE_MAP(erf, erf(v));
      ACCELERATE_MAP(floor, floor(v));
      ACCELERATE_MAP(ceil, ceil(v));
      ACCELERATE_MAP(round, round_even(v));
      ACCELERATE_MAP(trunc, trunc(v));
      ACCELERATE_MAP(sign, sign_of(v));
      ACCELERATE_MAP(clamp, clamp(v, set(p0), set(p1)));
      ACCELERATE_MAP(scale_shift, fma(v, set(p0), set(p1)));
      ACCELERATE_MAP(sin, (sin_cos<false>(v)));
      ACCELERATE_MAP(cos, (sin_cos<true>(v)));
      ACCELERATE_MAP_SCALAR(tan, __builtin_tanf(v));
      ACCELERATE_MAP_SCALAR(log2, __builtin_log2f(v));
      ACCELERATE_MAP_SCALAR(log10, __builtin_log10f(v));
      ACCELERATE_MAP_SCALAR(exp2, __builtin_exp2f(v));
      ACCELERATE_MAP_SCALAR(asin, __builtin_asinf(v));
      ACCELERATE_MAP_SCALAR(acos, __builtin_acosf(v));
      ACCELERATE_MAP_SCALAR(atan, __builtin_atanf(v));
      ACCELERATE_MAP_SCALAR(sinh, __builtin_sinhf(v));
      ACCELERATE_MAP_SCALAR(cosh, __builtin_coshf(v));
      ACCELERATE_MAP_SCALAR(asinh, __builtin_asinhf(v));
      ACCELERATE_MAP_SCALAR(acosh, __builtin_acoshf(v));
      ACCELERATE_MAP_SCALAR(atanh, __builtin_atanhf(v));
  }
#undef ACCELERATE_MAP
#undef ACCELERATE_MAP_SCALAR
}

void binary(Binary op, int64_t n, Operand a, Operand b, float* y) {
#define ACCELERATE_MAP2(name, expression) \
  case Binary::name: return map2(n, a, b, y, [](V u, V v) __attribute__((always_inline)) { return expression; })
  switch (op) {
    ACCELERATE_MAP2(add, u + v);
    ACCELERATE_MAP2(sub, u - v);
    ACCELERATE_MAP2(mul, u * v);
    ACCELERATE_MAP2(div, u / v);
    ACCELERATE_MAP2(min, select(is_nan(u), u, min(u, v)));
    ACCELERATE_MAP2(max, select(is_nan(u), u, max(u, v)));
    ACCELERATE_MAP2(squared_difference, (u - v) * (u - v));
    case Binary::floor_div:
      // From the exact remainder, as Python and PyTorch define it.
      return map2_scalar(n, a, b, y, [](float u, float v) {
        if (v == 0.0f) return u / v;
        const float rest = __builtin_fmodf(u, v);
        float quotient = (u - rest) / v;
        if (rest != 0.0f && (v < 0.0f) != (rest < 0.0f)) quotient -= 1.0f;
        if (quotient == 0.0f) return __builtin_copysignf(0.0f, u / v);
        const float down = __builtin_floorf(quotient);
        return quotient - down > 0.5f ? down + 1.0f : down;
      });
    case Binary::pow: return power(n, a, b, y);
    case Binary::fmod: return map2_scalar(n, a, b, y, [](float u, float v) { return __builtin_fmodf(u, v); });
    case Binary::mod:
      return map2_scalar(n, a, b, y, [](float u, float v) {
        const float rest = __builtin_fmodf(u, v);
        return rest != 0.0f && (rest < 0.0f) != (v < 0.0f) ? rest + v : rest;
      });
    case Binary::atan2: return map2_scalar(n, a, b, y, [](float u, float v) { return __builtin_atan2f(u, v); });
  }
#undef ACCELERATE_MAP2
}

void compare(Compare op, int64_t n, Operand a, Operand b, uint8_t* y) {
  switch (op) {
    case Compare::eq: return compare_with(n, a, b, y, [](V u, V v) { return eq(u, v); });
    case Compare::ne: return compare_with(n, a, b, y, [](V u, V v) { return ne(u, v); });
    case Compare::lt: return compare_with(n, a, b, y, [](V u, V v) { return lt(u, v); });
    case Compare::le: return compare_with(n, a, b, y, [](V u, V v) { return le(u, v); });
    case Compare::gt: return compare_with(n, a, b, y, [](V u, V v) { return lt(v, u); });
    case Compare::ge: return compare_with(n, a, b, y, [](V u, V v) { return le(v, u); });
  }
}

void select_elements(int64_t n, const uint8_t* condition, Operand a, Operand b, float* y) {
  for_lanes(n, [&](int64_t i, int64_t count) {
    const V u = a.scalar ? set(a.data[0]) : load_n(a.data + i, count);
    const V v = b.scalar ? set(b.data[0]) : load_n(b.data + i, count);
    if (count == kW) {
      store(y + i, select(load_mask_bytes(condition + i), u, v));
    } else {
      uint8_t lanes[kW < 8 ? 8 : kW] = {};
      for (int64_t j = 0; j < count; ++j) lanes[j] = condition[i + j];
      store_n(y + i, select(load_mask_bytes(lanes), u, v), count);
    }
  });
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
