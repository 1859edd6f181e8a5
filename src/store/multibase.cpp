#include "store/multibase.h"

#include <array>
#include <cstdint>
#include <vector>

#include "base/error.h"

namespace accelerate::store {
namespace {

constexpr size_t kMaxText = 4096;

std::string_view alphabet_of(Multibase base) {
  switch (base) {
    case Multibase::base16: return "0123456789abcdef";
    case Multibase::base32: return "abcdefghijklmnopqrstuvwxyz234567";
    case Multibase::base36: return "0123456789abcdefghijklmnopqrstuvwxyz";
    case Multibase::base58btc: return "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    case Multibase::base64url: return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  }
  fail(ErrorCode::internal, "no such base: {}", static_cast<int>(base));
}

bool ignores_case(Multibase base) {
  return base == Multibase::base16 || base == Multibase::base32 || base == Multibase::base36;
}

/// Bits of a digit; 0 where the base is no power of two.
unsigned bits_of(Multibase base) {
  switch (base) {
    case Multibase::base16: return 4;
    case Multibase::base32: return 5;
    case Multibase::base64url: return 6;
    default: return 0;
  }
}

std::array<int8_t, 256> digits_of(Multibase base) {
  std::array<int8_t, 256> out{};
  out.fill(-1);
  const std::string_view alphabet = alphabet_of(base);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    const auto c = static_cast<unsigned char>(alphabet[i]);
    out[c] = static_cast<int8_t>(i);
    if (ignores_case(base) && c >= 'a' && c <= 'z') out[c - 'a' + 'A'] = static_cast<int8_t>(i);
  }
  return out;
}

std::string encode_bits(std::string_view alphabet, unsigned bits, std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 8 + bits - 1) / bits);
  uint32_t buffer = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8U) | static_cast<uint8_t>(c);
    for (held += 8; held >= bits; held -= bits) out += alphabet[(buffer >> (held - bits)) & ((1U << bits) - 1)];
    buffer &= (1U << held) - 1;
  }
  if (held > 0) out += alphabet[(buffer << (bits - held)) & ((1U << bits) - 1)];
  return out;
}

std::string decode_bits(const std::array<int8_t, 256>& digits, unsigned bits, std::string_view text) {
  std::string out;
  out.reserve(text.size() * bits / 8);
  uint32_t buffer = 0;
  unsigned held = 0;
  for (const char c : text) {
    buffer = (buffer << bits) | static_cast<uint32_t>(digits[static_cast<uint8_t>(c)]);
    held += bits;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(buffer >> held);
    buffer &= (1U << held) - 1;
  }
  if (held >= bits || buffer != 0) fail(ErrorCode::invalid_argument, "\"{}\" ends in unused bits", printable(text));
  return out;
}

/// Bases that are no power of two: leading zero bytes are leading zero digits, the rest is one large number.
std::string encode_number(std::string_view alphabet, std::string_view bytes) {
  const size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
  const auto base = static_cast<uint32_t>(alphabet.size());
  std::vector<uint8_t> digits;  // least significant first
  for (const char c : bytes.substr(zeros)) {
    uint32_t carry = static_cast<uint8_t>(c);
    for (uint8_t& d : digits) {
      carry += uint32_t{d} << 8U;
      d = static_cast<uint8_t>(carry % base);
      carry /= base;
    }
    for (; carry > 0; carry /= base) digits.push_back(static_cast<uint8_t>(carry % base));
  }
  std::string out(zeros, alphabet[0]);
  for (auto d = digits.rbegin(); d != digits.rend(); ++d) out += alphabet[*d];
  return out;
}

std::string decode_number(std::string_view alphabet, const std::array<int8_t, 256>& digits, std::string_view text) {
  const size_t zeros = std::min(text.find_first_not_of(alphabet[0]), text.size());
  const auto base = static_cast<uint32_t>(alphabet.size());
  std::vector<uint8_t> bytes;  // least significant first
  for (const char c : text.substr(zeros)) {
    auto carry = static_cast<uint32_t>(digits[static_cast<uint8_t>(c)]);
    for (uint8_t& b : bytes) {
      carry += b * base;
      b = static_cast<uint8_t>(carry);
      carry >>= 8U;
    }
    for (; carry > 0; carry >>= 8U) bytes.push_back(static_cast<uint8_t>(carry));
  }
  std::string out(zeros, '\0');
  out.append(bytes.rbegin(), bytes.rend());
  return out;
}

}  // namespace

std::string encode_base(Multibase base, std::string_view bytes) {
  const unsigned bits = bits_of(base);
  return bits > 0 ? encode_bits(alphabet_of(base), bits, bytes) : encode_number(alphabet_of(base), bytes);
}

std::string decode_base(Multibase base, std::string_view text) {
  if (text.size() > kMaxText) {
    fail(ErrorCode::invalid_argument, "a text of {} characters; expected at most {}", text.size(), kMaxText);
  }
  const std::array<int8_t, 256> digits = digits_of(base);
  for (const char c : text) {
    if (digits[static_cast<uint8_t>(c)] < 0) {
      fail(ErrorCode::invalid_argument, "\"{}\" has the character \"{}\", which its base does not have",
           printable(text), printable(std::string_view(&c, 1)));
    }
  }
  const unsigned bits = bits_of(base);
  return bits > 0 ? decode_bits(digits, bits, text) : decode_number(alphabet_of(base), digits, text);
}

std::string encode_multibase(Multibase base, std::string_view bytes) {
  return static_cast<char>(base) + encode_base(base, bytes);
}

std::string decode_multibase(std::string_view text) {
  if (text.empty()) fail(ErrorCode::invalid_argument, "an empty text; expected a multibase prefix");
  const std::string_view digits = text.substr(1);
  const auto has = [&](char from, char to) {
    for (const char c : digits) {
      if (c >= from && c <= to) return true;
    }
    return false;
  };
  switch (text[0]) {
    case 'f':
    case 'b':
    case 'k':
      if (has('A', 'Z')) break;
      return decode_base(static_cast<Multibase>(text[0]), digits);
    case 'F':
    case 'B':
    case 'K':
      if (has('a', 'z')) break;
      return decode_base(static_cast<Multibase>(text[0] - 'A' + 'a'), digits);
    case 'z':
    case 'u': return decode_base(static_cast<Multibase>(text[0]), digits);
    default:
      fail(ErrorCode::invalid_argument, "\"{}\" does not begin with a known multibase prefix (b, z, k, f or u)",
           printable(text));
  }
  fail(ErrorCode::invalid_argument, "\"{}\" mixes upper and lower case", printable(text));
}

}  // namespace accelerate::store
