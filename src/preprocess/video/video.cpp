#include "preprocess/video/video.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace accelerate {
namespace {

/// "frame9" before "frame10": runs of digits compare by value, then by length.
bool natural_less(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    const auto run = [&](const std::string& text, size_t& at) {
      while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
      const size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return std::string_view(text).substr(begin, at - begin);
    };
    const std::string_view x = run(a, i);
    const std::string_view y = run(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  if ((i < a.size()) != (j < b.size())) return j < b.size();
  return a < b;  // the same but for leading zeros
}

void check_total(int64_t num_frames, int64_t num_pixels, const VideoLimits& limits) {
  if (num_frames <= limits.max_frames && num_pixels <= limits.max_total_pixels) return;
  fail(ErrorCode::invalid_argument, "the video has {} frames of {} pixels together or more; the limits are {} and {}",
       num_frames, num_pixels, limits.max_frames, limits.max_total_pixels);
}

Video load_folder(const std::filesystem::path& path, const VideoLimits& limits) {
  std::vector<std::string> names;
  std::error_code code;
  for (auto entry = std::filesystem::directory_iterator(path, code);
       !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') || !entry->is_regular_file(ignored)) continue;
    names.push_back(name);
    if (static_cast<int64_t>(names.size()) > limits.max_frames) check_total(limits.max_frames + 1, 0, limits);
  }
  if (code) fail(ErrorCode::io_error, "cannot list the folder {}: {}", printable(path.string()), code.message());
  if (names.empty()) {
    fail(ErrorCode::invalid_argument, "the folder {} holds no pictures; expected one a frame",
         printable(path.string()));
  }
  std::sort(names.begin(), names.end(), natural_less);
  Video video;
  int64_t pixels = 0;
  for (const std::string& name : names) {
    video.frames.push_back(load_image(path / name, limits.frame));
    pixels += video.frames.back().width * video.frames.back().height;
    check_total(static_cast<int64_t>(video.frames.size()), pixels, limits);
  }
  return video;
}

/// All frames of a WebP animation on its canvas.
Video decode_animation(std::span<const std::byte> bytes, const VideoLimits& limits) {
  const auto damaged = [] {
    fail(ErrorCode::invalid_argument, "cannot decode the WebP animation; the file is damaged or truncated");
  };
  const WebPData data = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data), WebPDemuxDelete);
  if (demuxer == nullptr) damaged();
  // Judged before the decoder allocates its canvas.
  const int64_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  const int64_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  const int64_t num_frames = WebPDemuxGetI(demuxer.get(), WEBP_FF_FRAME_COUNT);
  if (width < 1 || height < 1 || num_frames < 1) damaged();
  if (width * height > limits.frame.max_pixels) {
    fail(ErrorCode::invalid_argument, "the WebP animation is {} x {} pixels; the limit is {} pixels", width, height,
         limits.frame.max_pixels);
  }
  check_total(num_frames, num_frames * width * height, limits);
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) fail(ErrorCode::internal, "libwebpdemux has another version");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                                   WebPAnimDecoderDelete);
  if (decoder == nullptr) damaged();
  Video video;
  int timestamp_ms = 0;
  while (WebPAnimDecoderHasMoreFrames(decoder.get())) {
    uint8_t* rgba = nullptr;
    if (!WebPAnimDecoderGetNext(decoder.get(), &rgba, &timestamp_ms)) damaged();
    Image& frame = video.frames.emplace_back(Image{width, height, {}});
    frame.rgb.resize(static_cast<size_t>(width * height * 3));
    for (int64_t i = 0; i < width * height; ++i) std::copy_n(rgba + 4 * i, 3, frame.rgb.data() + 3 * i);
  }
  if (static_cast<int64_t>(video.frames.size()) != num_frames) damaged();
  if (timestamp_ms > 0) video.fps = 1000.0 * static_cast<double>(num_frames) / timestamp_ms;
  return video;
}

std::string_view video_format(std::string_view bytes) {
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp") return "MP4";
  if (bytes.starts_with("\x1A\x45\xDF\xA3")) return "WebM or Matroska";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "AVI ") return "AVI";
  if (bytes.starts_with("GIF8")) return "GIF";
  return "";
}

Video load_file(const std::filesystem::path& path, const VideoLimits& limits) {
  const std::string content = read_file(path, size_t{1} << 30);
  const std::string_view format = video_format(content);
  if (!format.empty()) {
    fail(ErrorCode::unsupported_format,
         "{} videos are not decoded here; give a folder of pictures instead, made for example by "
         "`ffmpeg -i VIDEO FOLDER/%06d.png`, or an animated WebP file",
         format);
  }
  const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
  WebPBitstreamFeatures features;
  const auto* data = reinterpret_cast<const uint8_t*>(content.data());
  if (WebPGetFeatures(data, content.size(), &features) == VP8_STATUS_OK && features.has_animation) {
    return decode_animation(bytes, limits);
  }
  Video video;
  video.frames.push_back(decode_image(bytes, limits.frame));
  return video;
}

}  // namespace

Video load_video(const std::filesystem::path& path, const VideoLimits& limits) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return load_folder(path, limits);
  try {
    return load_file(path, limits);
  } catch (Error& error) {
    error.in("video file " + printable(path.string()));
    throw;
  }
}

}  // namespace accelerate
