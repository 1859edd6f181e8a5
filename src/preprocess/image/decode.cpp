#include "preprocess/image/decode.h"

#include <new>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "preprocess/image/decoders.h"
#include "preprocess/image/orientation.h"

namespace accelerate {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic, size_t offset = 0) {
  if (bytes.size() < offset + magic.size()) return false;
  for (size_t i = 0; i < magic.size(); ++i) {
    if (bytes[offset + i] != static_cast<std::byte>(magic[i])) return false;
  }
  return true;
}

/// Formats that people do pass and that are told apart only for a better message.
std::string_view recognised_name(std::span<const std::byte> bytes) {
  if (starts_with(bytes, "GIF87a") || starts_with(bytes, "GIF89a")) return "GIF";
  if (starts_with(bytes, "BM")) return "BMP";
  if (starts_with(bytes, std::string_view("II*\0", 4)) || starts_with(bytes, std::string_view("MM\0*", 4))) {
    return "TIFF";
  }
  if (starts_with(bytes, "ftypavif", 4)) return "AVIF";
  if (starts_with(bytes, "ftyp", 4)) return "HEIF or MP4";
  if (starts_with(bytes, "%PDF")) return "PDF";
  if (starts_with(bytes, "<svg") || starts_with(bytes, "<?xml")) return "SVG or XML";
  return "";
}

}  // namespace

std::string_view supported_image_formats() {
  return "JPEG, PNG, WebP, PPM/PGM";
}

Image allocate_image(std::string_view format, int64_t width, int64_t height, const DecodeLimits& limits) {
  if (width <= 0 || height <= 0) {
    fail(ErrorCode::invalid_argument, "the {} image is {} x {} pixels; both sides must be at least 1", format, width,
         height);
  }
  if (width > limits.max_side || height > limits.max_side || width > limits.max_pixels / height) {
    fail(ErrorCode::invalid_argument,
         "the {} image is {} x {} pixels; the limit is {} pixels and {} a side; scale the image down first", format,
         width, height, limits.max_pixels, limits.max_side);
  }
  Image image;
  image.width = width;
  image.height = height;
  try {
    image.rgb.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, "no memory for the {} x {} pixels of a {} image", width, height, format);
  }
  return image;
}

void fail_damaged(std::string_view format, std::string_view reason) {
  fail(ErrorCode::invalid_argument, "cannot decode the {} image: {}; the file is damaged or truncated", format,
       printable(reason));
}

Image decode_image(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  if (bytes.empty()) {
    fail(ErrorCode::invalid_argument, "the image file is empty; expected one of {}", supported_image_formats());
  }
  if (starts_with(bytes, "\xFF\xD8\xFF")) {
    return apply_orientation(decode_jpeg(bytes, limits), find_orientation(bytes));
  }
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) {
    return apply_orientation(decode_png(bytes, limits), find_orientation(bytes));
  }
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) {
    return apply_orientation(decode_webp(bytes, limits), find_orientation(bytes));
  }
  if (starts_with(bytes, "P5") || starts_with(bytes, "P6")) return decode_pnm(bytes, limits);
  const std::string_view name = recognised_name(bytes);
  if (!name.empty()) {
    fail(ErrorCode::unsupported_format, "{} images are not supported; convert the file to one of {}", name,
         supported_image_formats());
  }
  fail(ErrorCode::unsupported_format, "the file is not an image of a known format ({} bytes); expected one of {}",
       bytes.size(), supported_image_formats());
}

Image load_image(const std::filesystem::path& path, const DecodeLimits& limits) {
  const std::string content = read_file(path);
  try {
    return decode_image(std::as_bytes(std::span(content)), limits);
  } catch (Error& error) {
    error.in("image file " + printable(path.string()));
    throw;
  }
}

}  // namespace accelerate
