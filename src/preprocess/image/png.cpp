#include <png.h>

#include <csetjmp>
#include <cstring>
#include <new>
#include <vector>

#include "base/error.h"
#include "preprocess/image/decoders.h"

namespace accelerate {
namespace {

/// libpng's state. Its errors jump; the body of `guarded` owns nothing that the jump would skip.
class PngReader {
 public:
  PngReader(std::span<const std::byte> bytes, const DecodeLimits& limits) : left_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail(ErrorCode::out_of_memory, "no memory for the PNG decoder");
    }
    png_set_read_fn(png_, this, on_read);
    png_set_user_limits(png_, static_cast<png_uint_32>(limits.max_side), static_cast<png_uint_32>(limits.max_side));
    // Ancillary chunks (text, profiles) say nothing about the pixels; libpng would allocate what they claim.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Runs body(png, info); a libpng error inside it becomes Error(invalid_argument) after the jump.
  template <typename Body>
  [[gnu::noinline]] void guarded(Body body) {
    static_assert(std::is_trivially_destructible_v<Body>);
    if (setjmp(jump_) != 0) fail_damaged("PNG", message_);
    body(png_, info_);
  }

 private:
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::strncpy(reader->message_, message, sizeof(reader->message_) - 1);
    std::longjmp(reader->jump_, 1);
  }
  static void on_read(png_structp png, png_bytep target, size_t size) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader->left_.size()) png_error(png, "unexpected end of file");
    std::memcpy(target, reader->left_.data(), size);
    reader->left_ = reader->left_.subspan(size);
  }

  std::span<const std::byte> left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_ = {};
  char message_[128] = {};
};

struct PngHeader {
  png_uint_32 width = 0;
  png_uint_32 height = 0;
  int bit_depth = 0;
  int color_type = 0;
};

/// Spreads big-endian 16-bit gray over the same row as RGB; values above 255 are clipped, as Pillow does
/// when it converts mode "I;16" to "RGB".
void gray16_row_to_rgb(uint8_t* row, int64_t width) {
  for (int64_t x = width - 1; x >= 0; --x) {
    const uint8_t value = row[2 * x] != 0 ? 255 : row[2 * x + 1];
    row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = value;
  }
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  PngReader reader(bytes, limits);
  PngHeader header;
  PngHeader* out = &header;
  reader.guarded([out](png_structp png, png_infop info) {
    png_read_info(png, info);
    png_get_IHDR(png, info, &out->width, &out->height, &out->bit_depth, &out->color_type, nullptr, nullptr, nullptr);
  });
  Image image = allocate_image("PNG", header.width, header.height, limits);
  std::vector<png_bytep> rows(header.height);
  const size_t row_bytes = static_cast<size_t>(header.width) * 3;
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = image.rgb.data() + y * row_bytes;

  const bool gray16 = header.color_type == PNG_COLOR_TYPE_GRAY && header.bit_depth == 16;
  const size_t expected_row_bytes = gray16 ? static_cast<size_t>(header.width) * 2 : row_bytes;
  png_bytepp row_pointers = rows.data();
  reader.guarded([=](png_structp png, png_infop info) {
    if (!gray16) {
      png_set_expand(png);
      png_set_strip_16(png);
      png_set_strip_alpha(png);
      png_set_gray_to_rgb(png);
    }
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != expected_row_bytes) png_error(png, "unexpected row size");
    png_read_image(png, row_pointers);
  });
  if (gray16) {
    for (png_bytep row : rows) gray16_row_to_rgb(row, image.width);
  }
  return image;
}

}  // namespace accelerate
