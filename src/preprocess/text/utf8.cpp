#include "preprocess/text/utf8.h"

#include <clocale>
#include <cstdint>
#include <cwctype>

#include "base/error.h"

namespace accelerate {
namespace {

uint32_t decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])); };
  switch (code_point_size(text[at])) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
    case 3: return (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    default: return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
  }
}

/// Property White_Space of Unicode.
bool is_white_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

struct CodePoint {
  char32_t value = 0;
  size_t size = 1;  // bytes
};

/// The code point at `at`; bytes that are no UTF-8 stand for themselves.
CodePoint decode_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  const size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {first, 1};
  char32_t value = first & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  return {value, size};
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

/// Python's str.isspace for one code point.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// A locale whose case tables are Unicode's, whatever the process has set.
locale_t unicode_locale() {
  static const locale_t instance = [] {
    const locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (found == nullptr)
      fail(ErrorCode::internal, "the system has no C.UTF-8 locale, which a model with do_lower_case needs");
    return found;
  }();
  return instance;
}

}  // namespace

size_t find_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (lead < 0xC2 || lead > 0xF4) return at;
    const size_t size = code_point_size(text[at]);
    if (size > text.size() - at) return at;
    for (size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80U) return at;
    }
    const uint32_t c = decode(text, at);
    const bool overlong = (size == 3 && c < 0x800) || (size == 4 && c < 0x10000);
    if (overlong || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return at;
    at += size;
  }
  return std::string_view::npos;
}

void require_utf8(std::string_view text, std::string_view what) {
  const size_t at = find_invalid_utf8(text);
  if (at != std::string_view::npos) {
    fail(ErrorCode::invalid_model, "{} is not valid UTF-8 at byte {}; expected UTF-8 text", what, at);
  }
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) --start;
    if (!is_white_space(decode(text, start))) break;
    text = text.substr(0, start);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  text = trim_end(text);
  while (!text.empty() && is_white_space(decode(text, 0))) text.remove_prefix(code_point_size(text[0]));
  return text;
}

std::string_view strip(std::string_view utf8) {
  size_t begin = 0;
  while (begin < utf8.size()) {
    const CodePoint c = decode_at(utf8, begin);
    if (!is_space(c.value)) break;
    begin += c.size;
  }
  size_t end = utf8.size();
  while (end > begin) {
    size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(utf8[start]) & 0xC0U) == 0x80U) --start;
    if (!is_space(decode_at(utf8, start).value)) break;
    end = start;
  }
  return utf8.substr(begin, end - begin);
}

std::string to_lower(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size();) {
    const CodePoint c = decode_at(utf8, at);
    if (c.size == 1) {
      out += c.value >= 'A' && c.value <= 'Z' ? static_cast<char>(c.value + 32) : utf8[at];
    } else {
      append_utf8(out, static_cast<char32_t>(towlower_l(static_cast<wint_t>(c.value), unicode_locale())));
    }
    at += c.size;
  }
  return out;
}

}  // namespace accelerate
