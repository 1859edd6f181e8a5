#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "preprocess/image/decode.h"
#include "preprocess/image/orientation.h"

namespace accelerate {
namespace {

std::filesystem::path image_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden/data/images";
}

std::string golden(const std::string& name) {
  return read_file(image_folder() / name);
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

ErrorCode code_of(const std::string& file, const DecodeLimits& limits = {}) {
  try {
    decode_image(bytes_of(file), limits);
  } catch (const Error& error) {
    EXPECT_FALSE(error.message().empty());
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::internal;
}

std::vector<std::string> encoded_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(image_folder())) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".json" && extension != ".f32" && extension != ".ppm") names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string big_endian(uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFF);
  return text;
}

/// The frame header's size of a JPEG, replaced.
std::string with_jpeg_size(std::string file, uint16_t height, uint16_t width) {
  size_t at = 2;
  while (static_cast<uint8_t>(file.at(at + 1)) != 0xC0) {
    at += 2 + static_cast<uint8_t>(file.at(at + 2)) * 256 + static_cast<uint8_t>(file.at(at + 3));
  }
  file.replace(at + 5, 4,
               {static_cast<char>(height >> 8), static_cast<char>(height & 0xFF), static_cast<char>(width >> 8),
                static_cast<char>(width & 0xFF)});
  return file;
}

TEST(ImageDecode, NamesWhatItDoesNotRead) {
  EXPECT_EQ(code_of(""), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("hello"), ErrorCode::unsupported_format);
  EXPECT_EQ(code_of("\xFF"), ErrorCode::unsupported_format);
  for (const std::string name : {"GIF", "BMP", "TIFF"}) {
    const std::string file = name == "GIF" ? "GIF89a...." : name == "BMP" ? "BM......" : std::string("II*\0....", 8);
    try {
      decode_image(bytes_of(file));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported_format);
      EXPECT_NE(error.message().find(name), std::string::npos) << error.message();
      EXPECT_NE(error.message().find(supported_image_formats()), std::string::npos) << error.message();
    }
  }
}

TEST(ImageDecode, ErrorsNameTheFile) {
  const auto path = std::filesystem::temp_directory_path() / "accelerate_not_an_image.png";
  write_file_atomic(path, "\x89PNG\r\n\x1A\n");
  try {
    load_image(path);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("accelerate_not_an_image.png"), std::string::npos) << error.what();
  }
  std::filesystem::remove(path);
  try {
    load_image(path);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
}

TEST(ImageDecode, HeaderLimitsComeBeforePixels) {
  std::string png = golden("rgb.png");
  png.replace(16, 8, big_endian(0x7FFFFFFF) + big_endian(0x7FFFFFFF));
  EXPECT_EQ(code_of(png), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(with_jpeg_size(golden("rgb_420.jpg"), 65500, 65500)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(with_jpeg_size(golden("rgb_420.jpg"), 0, 20)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("P6 99999999 99999999 255\n..."), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("P6 0 5 255\n..."), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("P6 99999999999999999999 5 255\n..."), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of("P6 2 2 65535\n......"), ErrorCode::unsupported_format);
  EXPECT_EQ(code_of("P6"), ErrorCode::invalid_argument);
  for (const std::string name : {"rgb.png", "rgb_420.jpg", "lossy.webp", "lossless.webp", "animated.webp", "rgb.ppm"}) {
    const Image image = decode_image(bytes_of(golden(name)));
    EXPECT_EQ(code_of(golden(name), {.max_pixels = image.width * image.height - 1}), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(golden(name), {.max_side = std::max(image.width, image.height) - 1}),
              ErrorCode::invalid_argument);
    EXPECT_NO_THROW(decode_image(bytes_of(golden(name)), {.max_pixels = image.width * image.height}));
  }
}

/// A file cut short gives an error; only what follows the pixels may be missing.
TEST(ImageDecode, TruncatedFiles) {
  for (const std::string& name : encoded_files()) {
    SCOPED_TRACE(name);
    const std::string file = golden(name);
    const Image whole = decode_image(bytes_of(file));
    size_t num_errors = 0;
    for (size_t size = 0; size < file.size(); ++size) {
      // An allocation of exactly this size, so that a sanitizer sees any read past its end.
      const std::vector<char> part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
      try {
        const Image image = decode_image(std::as_bytes(std::span(part)));
        EXPECT_EQ(image.rgb.size(), whole.rgb.size()) << size;
      } catch (const Error&) {
        ++num_errors;
      }
    }
    EXPECT_GE(num_errors, file.size() / 8);
    EXPECT_THROW(decode_image(bytes_of(file.substr(0, file.size() / 8))), Error);
  }
}

TEST(ImageDecode, CorruptFilesGiveAnErrorOrAnImage) {
  std::mt19937 random(7);
  for (const std::string& name : encoded_files()) {
    SCOPED_TRACE(name);
    const std::string file = golden(name);
    for (int round = 0; round < 60; ++round) {
      std::string damaged = file;
      const int num_changes = 1 + static_cast<int>(random() % 8);
      for (int i = 0; i < num_changes; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
      try {
        const Image image = decode_image(bytes_of(damaged), {.max_pixels = 1 << 20});
        EXPECT_EQ(static_cast<int64_t>(image.rgb.size()), image.width * image.height * 3);
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::invalid_argument || error.code() == ErrorCode::unsupported_format)
            << error.what();
      }
    }
  }
}

/// Pixels 1 2 / 3 4 / 5 6, under each orientation.
TEST(ImageOrientation, EightWays) {
  const auto named = [](int64_t width, int64_t height, const std::string& pixels) {
    Image image{width, height, {}};
    for (const char pixel : pixels) image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(pixel));
    return image;
  };
  const std::string expected[] = {"123456", "123456", "214365", "654321", "563412",
                                  "135246", "531642", "642531", "246135", "123456"};
  for (int orientation = 0; orientation <= 9; ++orientation) {
    const bool swapped = orientation >= 5 && orientation <= 8;
    const Image image = apply_orientation(named(2, 3, "123456"), orientation);
    const Image wanted = named(swapped ? 3 : 2, swapped ? 2 : 3, expected[orientation]);
    EXPECT_EQ(image.width, wanted.width) << orientation;
    EXPECT_EQ(image.rgb, wanted.rgb) << orientation;
  }
}

TEST(ImageOrientation, UnreadableMetadataMeansUpright) {
  EXPECT_EQ(find_orientation(bytes_of(golden("exif_6.jpg"))), 6);
  EXPECT_EQ(find_orientation(bytes_of(golden("exif_5.png"))), 5);
  EXPECT_EQ(find_orientation(bytes_of(golden("xmp_3.webp"))), 3);
  EXPECT_EQ(find_orientation(bytes_of(golden("rgb_420.jpg"))), 1);
  std::string file = golden("exif_6.jpg");
  const size_t exif = file.find("Exif");
  file.replace(exif + 10, 4, "\xFF\xFF\xFF\xFF");  // the directory's offset
  EXPECT_EQ(find_orientation(bytes_of(file)), 1);
  file.replace(exif + 6, 2, "XX");
  EXPECT_EQ(find_orientation(bytes_of(file)), 1);
  EXPECT_EQ(find_orientation({}), 1);
  EXPECT_EQ(find_orientation(bytes_of("\xFF\xD8\xFF")), 1);
}

}  // namespace
}  // namespace accelerate
