#include "tensor/dtype.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace accelerate {
namespace {

struct DTypeInfo {
  std::string_view name;
  size_t size_bytes;
};
constexpr std::array<DTypeInfo, 17> kInfo = {{{"f64", 8},
                                              {"f32", 4},
                                              {"f16", 2},
                                              {"bf16", 2},
                                              {"f8e4m3", 1},
                                              {"f8e5m2", 1},
                                              {"i64", 8},
                                              {"i32", 4},
                                              {"i16", 2},
                                              {"i8", 1},
                                              {"u64", 8},
                                              {"u32", 4},
                                              {"u16", 2},
                                              {"u8", 1},
                                              {"bool", 1},
                                              {"c64", 8},
                                              {"token", 0}}};

/// Encodes |value| into an 8-bit float by scanning the 127 non-negative codes for the nearest, ties to even.
template <float (*Decode)(uint8_t)>
uint8_t encode_f8(float value, uint8_t max_finite, uint8_t overflow) {
  if (std::isnan(value)) return 0x7f;
  uint8_t sign = std::signbit(value) ? 0x80 : 0;
  float magnitude = std::fabs(value);
  int low = 0;
  int high = max_finite;
  while (low < high) {
    int mid = (low + high + 1) / 2;
    if (Decode(static_cast<uint8_t>(mid)) <= magnitude) {
      low = mid;
    } else {
      high = mid - 1;
    }
  }
  if (low == max_finite) {
    float top = Decode(max_finite);
    float step = top - Decode(static_cast<uint8_t>(max_finite - 1));
    float limit = top + step / 2;
    bool over = magnitude > limit || (magnitude == limit && max_finite % 2 == 1);
    return static_cast<uint8_t>(sign | (over ? overflow : max_finite));
  }
  float below = magnitude - Decode(static_cast<uint8_t>(low));
  float above = Decode(static_cast<uint8_t>(low + 1)) - magnitude;
  int code = below < above || (below == above && low % 2 == 0) ? low : low + 1;
  return static_cast<uint8_t>(sign | code);
}

}  // namespace

std::string_view name_of(DType dtype) {
  return kInfo[static_cast<size_t>(dtype)].name;
}

DType dtype_from_name(std::string_view name) {
  std::string known;
  for (size_t i = 0; i < kInfo.size(); ++i) {
    if (kInfo[i].name == name) return static_cast<DType>(i);
    known += (i == 0 ? "" : " ") + std::string(kInfo[i].name);
  }
  fail(ErrorCode::invalid_dtype, "unknown dtype \"{}\"; known: {}", printable(name), known);
}

size_t size_of(DType dtype) {
  return kInfo[static_cast<size_t>(dtype)].size_bytes;
}
bool is_float(DType dtype) {
  return dtype <= DType::f8e5m2;
}
bool is_integer(DType dtype) {
  return dtype >= DType::i64 && dtype <= DType::u8;
}
bool is_signed_integer(DType dtype) {
  return dtype >= DType::i64 && dtype <= DType::i8;
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::c64 || b == DType::c64) return DType::c64;
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (is_float(a) && is_float(b)) {
    if (size_of(a) == size_of(b)) return size_of(a) == 1 ? DType::f16 : DType::f32;
    return size_of(a) > size_of(b) ? a : b;
  }
  if (is_float(a)) return a;
  if (is_float(b)) return b;
  bool signed_a = is_signed_integer(a);
  bool signed_b = is_signed_integer(b);
  if (signed_a == signed_b) return size_of(a) > size_of(b) ? a : b;
  DType s = signed_a ? a : b;
  DType u = signed_a ? b : a;
  if (size_of(s) > size_of(u)) return s;
  switch (size_of(u)) {
    case 1: return DType::i16;
    case 2: return DType::i32;
    default: return DType::i64;
  }
}

float f16_to_f32(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
  uint32_t exponent = (bits >> 10) & 0x1fU;
  uint32_t mantissa = bits & 0x3ffU;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000U | (mantissa << 13));
  if (exponent == 0) {
    float value = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (mantissa << 13));
}

uint16_t f32_to_f16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<uint16_t>(sign | 0x7e00U);
  if (magnitude >= 0x477ff000U) return static_cast<uint16_t>(sign | 0x7c00U);  // rounds to infinity
  if (magnitude < 0x38800000U) {                                               // subnormal or zero
    float scaled = std::bit_cast<float>(magnitude) * 0x1p24F;
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(scaled)));
  }
  uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112U << 10)));
}

float f8e4m3_to_f32(uint8_t bits) {
  int exponent = (bits >> 3) & 0xf;
  int mantissa = bits & 7;
  if (exponent == 0xf && mantissa == 7) return std::nanf("");
  float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9)
                              : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return (bits & 0x80) != 0 ? -value : value;
}

float f8e5m2_to_f32(uint8_t bits) {
  return f16_to_f32(static_cast<uint16_t>(bits << 8));
}

uint8_t f32_to_f8e4m3(float value) {
  return encode_f8<f8e4m3_to_f32>(value, 0x7e, 0x7f);
}
uint8_t f32_to_f8e5m2(float value) {
  return encode_f8<f8e5m2_to_f32>(value, 0x7b, 0x7c);
}

namespace {
constexpr std::array<std::string_view, 4> kEncodingNames = {"plain", "gguf_block", "affine_group", "mx_block"};
}

std::string Encoding::to_string() const {
  if (plain()) return "";
  return fmt::format("{}<{},{},{},{}>", kEncodingNames[static_cast<size_t>(kind)], format, block_elements, block_bytes,
                     axis);
}

Encoding Encoding::parse(std::string_view text) {
  if (text.empty()) return {};
  auto bad = [&]() -> void {
    fail(ErrorCode::invalid_graph, "bad encoding \"{}\"; expected KIND<FORMAT,BLOCK_ELEMENTS,BLOCK_BYTES,AXIS>",
         printable(text));
  };
  size_t open = text.find('<');
  if (open == std::string_view::npos || text.back() != '>') bad();
  Encoding out;
  bool known = false;
  for (size_t i = 1; i < kEncodingNames.size(); ++i) {
    if (text.substr(0, open) == kEncodingNames[i]) {
      out.kind = static_cast<Kind>(i);
      known = true;
    }
  }
  if (!known) bad();
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  size_t comma = rest.find(',');
  if (comma == std::string_view::npos) bad();
  out.format = rest.substr(0, comma);
  int64_t values[3] = {};
  for (int64_t& value : values) {
    if (comma == std::string_view::npos) bad();
    rest.remove_prefix(comma + 1);
    comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    auto [end, status] = std::from_chars(item.data(), item.data() + item.size(), value);
    if (status != std::errc() || end != item.data() + item.size()) bad();
  }
  out.block_elements = values[0];
  out.block_bytes = values[1];
  out.axis = static_cast<int>(values[2]);
  if (out.block_elements <= 0 || out.block_bytes <= 0) bad();
  return out;
}

}  // namespace accelerate
