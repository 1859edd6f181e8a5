#include <algorithm>

#include "base/error.h"
#include "preprocess/image/decoders.h"

namespace accelerate {
namespace {

bool is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// The next decimal number of the header, after white space and comments.
int64_t read_number(std::span<const std::byte> bytes, size_t& at) {
  auto current = [&]() { return static_cast<uint8_t>(bytes[at]); };
  while (at < bytes.size() && (is_space(current()) || current() == '#')) {
    if (current() == '#') {
      while (at < bytes.size() && current() != '\n' && current() != '\r') ++at;
    } else {
      ++at;
    }
  }
  int64_t value = 0;
  size_t digits = 0;
  for (; at < bytes.size() && current() >= '0' && current() <= '9' && digits <= 10; ++at, ++digits) {
    value = value * 10 + (current() - '0');
  }
  if (digits == 0 || digits > 10) fail_damaged("PPM/PGM", "the header has no number where one is expected");
  return value;
}

}  // namespace

/// Source: netpbm's ppm(5) and pgm(5), the binary forms P6 and P5.
Image decode_pnm(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  const bool color = bytes.size() > 1 && bytes[1] == std::byte{'6'};
  size_t at = 2;
  const int64_t width = read_number(bytes, at);
  const int64_t height = read_number(bytes, at);
  const int64_t max_value = read_number(bytes, at);
  if (max_value != 255) {
    fail(ErrorCode::unsupported_format, "the PPM/PGM image has maximum value {}; 255 is supported", max_value);
  }
  if (at >= bytes.size() || !is_space(static_cast<uint8_t>(bytes[at]))) {
    fail_damaged("PPM/PGM", "the header does not end in white space");
  }
  ++at;
  Image image = allocate_image("PPM/PGM", width, height, limits);
  const size_t num_pixels = image.rgb.size() / 3;
  if (bytes.size() - at < (color ? image.rgb.size() : num_pixels)) {
    fail_damaged("PPM/PGM", "there are fewer bytes than pixels");
  }
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data() + at);
  if (color) {
    std::copy_n(in, image.rgb.size(), image.rgb.data());
  } else {
    for (size_t i = 0; i < num_pixels; ++i) std::fill_n(image.rgb.data() + i * 3, 3, in[i]);
  }
  return image;
}

}  // namespace accelerate
