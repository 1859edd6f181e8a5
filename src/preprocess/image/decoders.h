#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "preprocess/image/decode.h"
#include "preprocess/image/image.h"

namespace accelerate {

/// One decoder a format. Each takes the whole file and gives RGB as stored, without orientation.
/// Errors: as decode_image.
Image decode_jpeg(std::span<const std::byte> bytes, const DecodeLimits& limits);
Image decode_png(std::span<const std::byte> bytes, const DecodeLimits& limits);
Image decode_webp(std::span<const std::byte> bytes, const DecodeLimits& limits);
Image decode_pnm(std::span<const std::byte> bytes, const DecodeLimits& limits);

/// An image of this size with its pixels allocated. Errors: invalid_argument if a side is zero or a limit is
/// exceeded; out_of_memory.
Image allocate_image(std::string_view format, int64_t width, int64_t height, const DecodeLimits& limits);

/// The error of a file that claims to be `format` but cannot be read.
[[noreturn]] void fail_damaged(std::string_view format, std::string_view reason);

}  // namespace accelerate
