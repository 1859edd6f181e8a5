#pragma once
#include <cstdint>
#include <vector>

namespace accelerate {

/// An 8-bit RGB picture. Layout: rows from the top, pixels from the left, bytes R, G, B: rgb [H,W,3],
/// rgb.size() == height * width * 3.
struct Image {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> rgb;
};

}  // namespace accelerate
