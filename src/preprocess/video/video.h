#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "preprocess/image/decode.h"
#include "preprocess/image/image.h"

namespace accelerate {

/// Frames in time order. `fps` is the rate they were taken at, in frames a second; 0 if it is not known.
struct Video {
  std::vector<Image> frames;
  double fps = 0;
};

/// What a video may make the reader allocate.
struct VideoLimits {
  int64_t max_frames = 10'000;
  int64_t max_total_pixels = int64_t{1} << 28;
  DecodeLimits frame;
};

/// Reads a folder of pictures (every file that is not hidden, numbers in names in the order of their values), an
/// animated WebP file, or a picture, which is one frame. There is no decoder of compressed video. Errors: not_found;
/// unsupported_format for MP4, WebM, AVI and GIF files, with what to do; invalid_argument if the folder holds no file,
/// a file is damaged, or a limit is exceeded.
Video load_video(const std::filesystem::path& path, const VideoLimits& limits = {});

}  // namespace accelerate
