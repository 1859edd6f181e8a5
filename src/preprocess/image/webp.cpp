#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "base/error.h"
#include "preprocess/image/decoders.h"

namespace accelerate {
namespace {

/// The first frame of an animation on its canvas; what no frame covers is black.
void decode_first_frame(std::span<const std::byte> bytes, Image& image) {
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) fail(ErrorCode::internal, "libwebpdemux has another version");
  options.color_mode = MODE_RGBA;
  const WebPData data = {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                                   WebPAnimDecoderDelete);
  uint8_t* rgba = nullptr;
  int timestamp_ms = 0;
  if (decoder == nullptr || !WebPAnimDecoderGetNext(decoder.get(), &rgba, &timestamp_ms)) {
    fail_damaged("WebP", "the first frame of the animation cannot be read");
  }
  WebPAnimInfo info;
  if (!WebPAnimDecoderGetInfo(decoder.get(), &info) || info.canvas_width != static_cast<uint32_t>(image.width) ||
      info.canvas_height != static_cast<uint32_t>(image.height)) {
    fail_damaged("WebP", "the canvas size is contradictory");
  }
  uint8_t* rgb = image.rgb.data();
  for (size_t i = 0; i < image.rgb.size() / 3; ++i, rgb += 3, rgba += 4) {
    rgb[0] = rgba[0];
    rgb[1] = rgba[1];
    rgb[2] = rgba[2];
  }
}

}  // namespace

Image decode_webp(std::span<const std::byte> bytes, const DecodeLimits& limits) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    fail_damaged("WebP", "the header cannot be read");
  }
  Image image = allocate_image("WebP", features.width, features.height, limits);
  if (features.has_animation) {
    decode_first_frame(bytes, image);
  } else if (WebPDecodeRGBInto(data, bytes.size(), image.rgb.data(), image.rgb.size(),
                               static_cast<int>(image.width * 3)) == nullptr) {
    fail_damaged("WebP", "the pixel data cannot be read");
  }
  return image;
}

}  // namespace accelerate
