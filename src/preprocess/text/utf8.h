#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace accelerate {

/// Byte position of the first byte that is not part of well-formed UTF-8 (RFC 3629); npos if all is well.
size_t find_invalid_utf8(std::string_view text);

/// Errors: invalid_model naming `what` and the byte position.
void require_utf8(std::string_view text, std::string_view what);

/// Length in bytes of the code point that starts with this byte, in well-formed UTF-8.
inline size_t code_point_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// Without the Unicode white space at its end.
std::string_view trim_end(std::string_view text);
/// Without the Unicode white space at both ends.
std::string_view trim(std::string_view text);
/// Python's str.strip().
std::string_view strip(std::string_view utf8);
/// Letters in lower case, one code point for one (Python's str.lower() but for final sigma and dotted capital I); bytes
/// that are no UTF-8 stay. Errors: internal where the system has no C.UTF-8 locale.
std::string to_lower(std::string_view utf8);

}  // namespace accelerate
