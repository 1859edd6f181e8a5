#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "preprocess/image/image.h"

namespace accelerate {

/// What a decoder may be asked to allocate. Checked against the file's header before any pixel memory is taken.
struct DecodeLimits {
  int64_t max_pixels = 100'000'000;
  int64_t max_side = 1 << 18;
};

/// The formats that decode_image reads: "JPEG, PNG, WebP, PPM/PGM".
std::string_view supported_image_formats();

/// Decodes a JPEG (baseline, progressive, gray, CMYK), PNG (every colour type and depth), WebP (lossy, lossless,
/// the first frame of an animation) or binary PPM/PGM (8 bits) file, chosen by its first bytes.
/// The picture is turned upright by its EXIF or XMP orientation and reduced to 8-bit RGB as Pillow's
/// `ImageOps.exif_transpose(Image.open(f)).convert("RGB")` does: alpha is dropped, palettes are applied, CMYK is
/// read as Adobe's inverted form, 16-bit colour keeps its high byte and 16-bit gray is clipped at 255.
/// Errors: unsupported_format if the bytes are none of these formats; invalid_argument if the file is damaged,
/// truncated, empty or larger than the limits.
Image decode_image(std::span<const std::byte> bytes, const DecodeLimits& limits = {});

/// decode_image of a file's content. Errors: also those of read_file; each names the file.
Image load_image(const std::filesystem::path& path, const DecodeLimits& limits = {});

}  // namespace accelerate
