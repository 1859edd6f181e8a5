// clang-format off: jpeglib.h needs FILE and size_t, jerror.h needs jpeglib.h.
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>
#include <cstring>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "preprocess/image/decoders.h"

namespace accelerate {
namespace {

/// A progressive file may repeat scans to make decoding arbitrarily slow; real encoders write about ten.
constexpr int kMaxScans = 500;

/// libjpeg's state. It reports errors by a call that must not return, so each use runs inside `guarded`, whose
/// body owns nothing: whatever has a destructor lives outside, where the jump does not pass.
class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> bytes) {
    std::memset(&info_, 0, sizeof(info_));
    info_.err = jpeg_std_error(&error_);
    error_.error_exit = on_error;
    error_.emit_message = [](j_common_ptr, int) {};
    error_.output_message = [](j_common_ptr) {};
    info_.client_data = this;
    source_.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source_.bytes_in_buffer = bytes.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr info) -> boolean {
      info->err->msg_code = JERR_INPUT_EOF;
      on_error(reinterpret_cast<j_common_ptr>(info));
    };
    source_.skip_input_data = [](j_decompress_ptr info, long num_bytes) {
      if (num_bytes <= 0) return;
      if (static_cast<size_t>(num_bytes) > info->src->bytes_in_buffer) info->src->fill_input_buffer(info);
      info->src->next_input_byte += num_bytes;
      info->src->bytes_in_buffer -= static_cast<size_t>(num_bytes);
    };
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
    progress_.progress_monitor = [](j_common_ptr common) {
      auto* info = reinterpret_cast<j_decompress_ptr>(common);
      if (info->input_scan_number > kMaxScans) {
        info->err->msg_code = JERR_BAD_PROGRESSION;
        on_error(common);
      }
    };
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Runs body(info); a libjpeg error inside it becomes Error(invalid_argument) after the jump.
  template <typename Body>
  [[gnu::noinline]] void guarded(Body body) {
    static_assert(std::is_trivially_destructible_v<Body>);
    if (setjmp(jump_) != 0) fail_damaged("JPEG", message_);
    body(info_);
  }

  void create() {
    guarded([this](jpeg_decompress_struct& info) {
      jpeg_create_decompress(&info);
      info.client_data = this;
      info.src = &source_;
      info.progress = &progress_;
    });
  }
  jpeg_decompress_struct& info() { return info_; }

 private:
  [[noreturn]] static void on_error(j_common_ptr common) {
    auto* reader = static_cast<JpegReader*>(common->client_data);
    common->err->format_message(common, reader->message_);
    std::longjmp(reader->jump_, 1);
  }

  jpeg_decompress_struct info_;
  jpeg_error_mgr error_ = {};
  jpeg_source_mgr source_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf jump_ = {};
  char message_[JMSG_LENGTH_MAX] = {};
};

/// a * b / 255, rounded. Source: Pillow, ImagingUtils.h, MULDIV255.
inline int scaled_product(int a, int b) {
  const int t = a * b + 128;
  return ((t >> 8) + t) >> 8;
}

inline uint8_t clipped(int value) {
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

void gray_row_to_rgb(const uint8_t* in, uint8_t* out, int64_t width) {
  for (int64_t x = 0; x < width; ++x, out += 3) out[0] = out[1] = out[2] = in[x];
}

/// Adobe writes CMYK inverted; every CMYK JPEG is read so. Source: Pillow, Convert.c, cmyk2rgb.
void cmyk_row_to_rgb(const uint8_t* in, uint8_t* out, int64_t width) {
  for (int64_t x = 0; x < width; ++x, in += 4, out += 3) {
    const int white = in[3];
    for (int c = 0; c < 3; ++c) out[c] = clipped(white - scaled_product(255 - in[c], white));
  }
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  JpegReader reader(bytes);
  reader.create();
  reader.guarded([](jpeg_decompress_struct& info) { jpeg_read_header(&info, TRUE); });
  jpeg_decompress_struct& info = reader.info();
  const int channels = info.num_components;
  if (channels != 1 && channels != 3 && channels != 4) {
    fail(ErrorCode::unsupported_format, "the JPEG image has {} colour components; 1, 3 and 4 are supported", channels);
  }
  Image image = allocate_image("JPEG", info.image_width, info.image_height, limits);
  std::vector<uint8_t> scratch(channels == 3 ? 0 : static_cast<size_t>(image.width) * channels);
  info.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;

  uint8_t* rgb = image.rgb.data();
  uint8_t* row_buffer = scratch.data();
  const int64_t width = image.width;
  reader.guarded([=](jpeg_decompress_struct& state) {
    jpeg_start_decompress(&state);
    while (state.output_scanline < state.output_height) {
      uint8_t* target = rgb + static_cast<int64_t>(state.output_scanline) * width * 3;
      JSAMPROW row = channels == 3 ? target : row_buffer;
      if (jpeg_read_scanlines(&state, &row, 1) != 1) break;
      if (channels == 1) gray_row_to_rgb(row_buffer, target, width);
      if (channels == 4) cmyk_row_to_rgb(row_buffer, target, width);
    }
    jpeg_finish_decompress(&state);
  });
  return image;
}

}  // namespace accelerate
