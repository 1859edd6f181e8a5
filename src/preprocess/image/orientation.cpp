#include "preprocess/image/orientation.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace accelerate {
namespace {

/// What a file says about orientation: an EXIF block (without the "Exif\0\0" prefix) and an XMP packet.
struct Metadata {
  std::string exif;
  bool has_exif = false;
  std::string_view xmp;
};

/// Bytes with bounds: reads past the end give 0 and turn ok to false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool ok = true;
  bool little_endian = false;

  uint32_t read(size_t at, size_t size) {
    if (at > bytes_.size() || bytes_.size() - at < size) {
      ok = false;
      return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t index = little_endian ? at + size - 1 - i : at + i;
      value = value << 8 | static_cast<uint8_t>(bytes_[index]);
    }
    return value;
  }
  size_t size() const { return bytes_.size(); }
  std::string_view part(size_t at, size_t size) const { return bytes_.substr(std::min(at, bytes_.size()), size); }

 private:
  std::string_view bytes_;
};

constexpr std::string_view kExifPrefix("Exif\0\0", 6);
constexpr std::string_view kXmpPrefix("http://ns.adobe.com/xap/1.0/\0", 29);

void add_exif(Metadata& metadata, std::string_view block) {
  if (!metadata.has_exif && block.starts_with(kExifPrefix)) block.remove_prefix(kExifPrefix.size());
  metadata.exif += block;
  metadata.has_exif = true;
}

/// Segments up to the first scan. Source: ITU-T T.81, annex B.
Metadata jpeg_metadata(std::string_view file) {
  Metadata metadata;
  Reader reader(file);
  size_t at = 2;
  while (true) {
    if (reader.read(at, 1) != 0xFF || !reader.ok) break;
    const uint32_t marker = reader.read(at + 1, 1);
    if (marker == 0xFF) {  // fill byte
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) break;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // no content
      at += 2;
      continue;
    }
    const size_t size = reader.read(at + 2, 2);
    if (!reader.ok || size < 2) break;
    const std::string_view segment = reader.part(at + 4, size - 2);
    if (marker == 0xE1 && segment.starts_with(kExifPrefix)) {
      add_exif(metadata, segment.substr(kExifPrefix.size()));
    } else if (marker == 0xE1 && segment.starts_with(kXmpPrefix)) {
      metadata.xmp = segment.substr(kXmpPrefix.size());
    }
    at += 2 + size;
  }
  return metadata;
}

/// Source: PNG specification, third edition, sections 5.3 and 11.3.
Metadata png_metadata(std::string_view file) {
  Metadata metadata;
  Reader reader(file);
  for (size_t at = 8; at < file.size();) {
    const size_t size = reader.read(at, 4);
    const std::string_view type = reader.part(at + 4, 4);
    if (!reader.ok || size > file.size() - at) break;
    const std::string_view content = reader.part(at + 8, size);
    if (type == "eXIf") {
      metadata.exif.clear();
      metadata.has_exif = false;
      add_exif(metadata, content);
    } else if (type == "iTXt" && content.starts_with("XML:com.adobe.xmp")) {
      metadata.xmp = content;
    } else if (type == "IEND") {
      break;
    }
    at += 12 + size;
  }
  return metadata;
}

/// Source: WebP container specification, chunks "EXIF" and "XMP ".
Metadata webp_metadata(std::string_view file) {
  Metadata metadata;
  Reader reader(file);
  reader.little_endian = true;
  for (size_t at = 12; at < file.size();) {
    const size_t size = reader.read(at + 4, 4);
    if (!reader.ok || size > file.size() - at) break;
    const std::string_view type = reader.part(at, 4);
    if (type == "EXIF" && !metadata.has_exif) add_exif(metadata, reader.part(at + 8, size));
    if (type == "XMP " && metadata.xmp.empty()) metadata.xmp = reader.part(at + 8, size);
    at += 8 + size + (size & 1);
  }
  return metadata;
}

/// The orientation tag of the first directory, if there is one and it holds a single integer.
std::optional<int> exif_orientation(std::string_view tiff) {
  Reader reader(tiff);
  reader.little_endian = tiff.starts_with("II");
  if (!reader.little_endian && !tiff.starts_with("MM")) return std::nullopt;
  const size_t directory = reader.read(4, 4);
  const uint32_t num_entries = reader.read(directory, 2);
  for (uint32_t i = 0; i < num_entries && reader.ok; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (reader.read(entry, 2) != 0x0112) continue;
    const uint32_t type = reader.read(entry + 2, 2);
    const uint32_t count = reader.read(entry + 4, 4);
    const bool is_short = type == 3 || type == 8;
    const bool is_long = type == 4 || type == 9;
    const uint32_t value = reader.read(entry + 8, is_long ? 4 : 2);
    if (!reader.ok) return std::nullopt;
    return (is_short || is_long) && count == 1 ? static_cast<int>(std::min(value, 255u)) : 1;
  }
  return std::nullopt;
}

std::optional<int> xmp_orientation(std::string_view xmp) {
  constexpr std::string_view kKey = "tiff:Orientation";
  for (size_t at = xmp.find(kKey); at != std::string_view::npos; at = xmp.find(kKey, at + 1)) {
    std::string_view rest = xmp.substr(at + kKey.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return rest[0] - '0';
  }
  return std::nullopt;
}

}  // namespace

int find_orientation(std::span<const std::byte> file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  Metadata metadata;
  if (text.starts_with("\xFF\xD8")) {
    metadata = jpeg_metadata(text);
  } else if (text.starts_with("\x89PNG")) {
    metadata = png_metadata(text);
  } else if (text.starts_with("RIFF")) {
    metadata = webp_metadata(text);
  }
  if (const auto value = exif_orientation(metadata.exif)) return *value >= 1 && *value <= 8 ? *value : 1;
  if (const auto value = xmp_orientation(metadata.xmp)) return *value >= 1 && *value <= 8 ? *value : 1;
  return 1;
}

Image apply_orientation(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swap = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright;
  upright.width = swap ? image.height : image.width;
  upright.height = swap ? image.width : image.height;
  upright.rgb.resize(image.rgb.size());
  uint8_t* out = upright.rgb.data();
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x, out += 3) {
      const int64_t column = swap ? y : x;
      const int64_t row = swap ? x : y;
      const int64_t in_x = from_right ? image.width - 1 - column : column;
      const int64_t in_y = from_bottom ? image.height - 1 - row : row;
      const uint8_t* in = image.rgb.data() + (in_y * image.width + in_x) * 3;
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  return upright;
}

}  // namespace accelerate
