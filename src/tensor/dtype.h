#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace accelerate {

/// The logical element type of a tensor. `token` orders effects (state reads and writes) and has no data.
enum class DType : uint8_t {
  f64,
  f32,
  f16,
  bf16,
  f8e4m3,
  f8e5m2,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  c64,
  token
};

/// Text-form name: "f32", "i64", "bool", ...
std::string_view name_of(DType dtype);
/// Errors: invalid_dtype for an unknown name; the message lists the known ones.
DType dtype_from_name(std::string_view name);
size_t size_of(DType dtype);
bool is_float(DType dtype);
/// Signed or unsigned integer; bool is not one.
bool is_integer(DType dtype);
bool is_signed_integer(DType dtype);
/// The type two operands meet in, with PyTorch's rules for tensors of one rank class:
/// bool < integers < floats; f16 with bf16 gives f32; u8 with i8 gives i16.
DType promote(DType a, DType b);

inline float bf16_to_f32(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}
/// Rounds to nearest even; NaN stays NaN.
inline uint16_t f32_to_bf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<uint16_t>((bits >> 16) | 0x40U);
  return static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}
float f16_to_f32(uint16_t bits);
/// Rounds to nearest even, overflow to infinity, subnormals kept.
uint16_t f32_to_f16(float value);
/// OCP 8-bit formats: E4M3 has no infinity (0x7f is NaN); E5M2 follows IEEE.
float f8e4m3_to_f32(uint8_t bits);
float f8e5m2_to_f32(uint8_t bits);
uint8_t f32_to_f8e4m3(float value);
uint8_t f32_to_f8e5m2(float value);

/// How elements are laid out in storage. `plain` is one element after another; the others pack blocks with
/// scales, and are described by block size, axis, scale type and whether a zero point is stored.
struct Encoding {
  enum class Kind : uint8_t { plain, gguf_block, affine_group, mx_block };
  Kind kind = Kind::plain;
  /// gguf_block: the GGML type name ("Q4_1", "Q8_0", "Q4_K"); affine_group: "gptq", "awq", "int8"; mx_block: "mxfp4",
  /// "mxfp8".
  std::string format;
  int64_t block_elements = 1;
  int64_t block_bytes = 0;
  int axis = -1;
  bool operator==(const Encoding&) const = default;
  bool plain() const { return kind == Kind::plain; }
  /// "" for plain, else "gguf_block<Q4_1,32,20,-1>".
  std::string to_string() const;
  /// Inverse of to_string. Errors: invalid_graph.
  static Encoding parse(std::string_view text);
};

}  // namespace accelerate
