#include "backends/cpu/kernels/simd/kernels.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

ACCELERATE_INLINE int32_t float_to_i32(float x) {
  return x >= -0x1p31f && x < 0x1p31f ? static_cast<int32_t>(x) : INT32_MIN;
}
ACCELERATE_INLINE int64_t float_to_i64(float x) {
  return x >= -0x1p63f && x < 0x1p63f ? static_cast<int64_t>(x) : INT64_MIN;
}

template <Element kType>
struct Stored;
template <>
struct Stored<Element::f32> {
  using type = float;
};
template <>
struct Stored<Element::bf16> {
  using type = uint16_t;
};
template <>
struct Stored<Element::f16> {
  using type = uint16_t;
};
template <>
struct Stored<Element::i32> {
  using type = int32_t;
};
template <>
struct Stored<Element::i64> {
  using type = int64_t;
};
template <>
struct Stored<Element::u8> {
  using type = uint8_t;
};

constexpr bool is_float(Element type) {
  return type == Element::f32 || type == Element::bf16 || type == Element::f16;
}

template <Element kType>
ACCELERATE_INLINE float to_f32(typename Stored<kType>::type x) {
  if constexpr (kType == Element::bf16) return bf16_to_float(x);
  if constexpr (kType == Element::f16) return f16_to_float(x);
  return static_cast<float>(x);
}

template <Element kFrom, Element kTo>
ACCELERATE_INLINE typename Stored<kTo>::type convert_one(typename Stored<kFrom>::type x) {
  using To = typename Stored<kTo>::type;
  if constexpr (kFrom == kTo) {
    return x;
  } else if constexpr (!is_float(kFrom) && !is_float(kTo)) {
    return static_cast<To>(x);
  } else {
    const float value = to_f32<kFrom>(x);
    if constexpr (kTo == Element::f32) return value;
    if constexpr (kTo == Element::bf16) return float_to_bf16(value);
    if constexpr (kTo == Element::f16) return float_to_f16(value);
    if constexpr (kTo == Element::i64) return float_to_i64(value);
    if constexpr (kTo == Element::i32 || kTo == Element::u8) return static_cast<To>(float_to_i32(value));
  }
}

template <Element kFrom, Element kTo>
void convert_span(int64_t n, const void* from, void* to) {
  const auto* x = static_cast<const typename Stored<kFrom>::type*>(from);
  auto* y = static_cast<typename Stored<kTo>::type*>(to);
  int64_t i = 0;
  if constexpr (kFrom == kTo) {
    __builtin_memmove(to, from, static_cast<size_t>(n) * sizeof(*x));
    return;
  } else if constexpr (kFrom == Element::f32 && kTo == Element::bf16) {
    for (; i + kW <= n; i += kW) store_bf16(y + i, load(x + i));
  } else if constexpr (kFrom == Element::f32 && kTo == Element::f16) {
    for (; i + kW <= n; i += kW) store_f16(y + i, load(x + i));
  } else if constexpr (kFrom == Element::bf16 && kTo == Element::f32) {
    for (; i + kW <= n; i += kW) store(y + i, load_bf16(x + i));
  } else if constexpr (kFrom == Element::f16 && kTo == Element::f32) {
    for (; i + kW <= n; i += kW) store(y + i, load_f16(x + i));
  } else if constexpr (kFrom == Element::f32 && kTo == Element::i32) {
    for (; i + kW <= n; i += kW) istore(y + i, to_int_trunc(load(x + i)));
  } else if constexpr (kFrom == Element::i32 && kTo == Element::f32) {
    for (; i + kW <= n; i += kW) store(y + i, to_float(iload(x + i)));
  }
  for (; i < n; ++i) y[i] = convert_one<kFrom, kTo>(x[i]);
}

template <Element kFrom>
void convert_from(int64_t n, const void* x, void* y, Element to) {
  switch (to) {
    case Element::f32: return convert_span<kFrom, Element::f32>(n, x, y);
    case Element::bf16: return convert_span<kFrom, Element::bf16>(n, x, y);
    case Element::f16: return convert_span<kFrom, Element::f16>(n, x, y);
    case Element::i32: return convert_span<kFrom, Element::i32>(n, x, y);
    case Element::i64: return convert_span<kFrom, Element::i64>(n, x, y);
    case Element::u8: return convert_span<kFrom, Element::u8>(n, x, y);
  }
}

}  // namespace

void convert(int64_t n, const void* x, Element from, void* y, Element to) {
  switch (from) {
    case Element::f32: return convert_from<Element::f32>(n, x, y, to);
    case Element::bf16: return convert_from<Element::bf16>(n, x, y, to);
    case Element::f16: return convert_from<Element::f16>(n, x, y, to);
    case Element::i32: return convert_from<Element::i32>(n, x, y, to);
    case Element::i64: return convert_from<Element::i64>(n, x, y, to);
    case Element::u8: return convert_from<Element::u8>(n, x, y, to);
  }
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
