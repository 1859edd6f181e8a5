#include "preprocess/video/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace accelerate {
namespace {

void check_sampling(int64_t total, double video_fps, const FrameSampling& sampling) {
  if (total < 1) fail(ErrorCode::invalid_argument, "the video has no frames");
  if (sampling.num_frames && sampling.fps) {
    fail(ErrorCode::invalid_argument, "both num_frames and fps are given; choose one");
  }
  if (sampling.num_frames && *sampling.num_frames < 1) {
    fail(ErrorCode::invalid_argument, "num_frames is {}; expected at least 1", *sampling.num_frames);
  }
  if (!sampling.fps) return;
  if (!(*sampling.fps > 0) || !std::isfinite(*sampling.fps)) {
    fail(ErrorCode::invalid_argument, "fps is {}; expected a number above 0", *sampling.fps);
  }
  if (!(video_fps > 0) || !std::isfinite(video_fps)) {
    fail(ErrorCode::invalid_argument,
         "frames are to be sampled by fps, but the rate of the video is not known; give it, or num_frames");
  }
}

[[noreturn]] void fail_too_many(double wanted, int64_t total) {
  fail(ErrorCode::invalid_argument, "{} frames are to be sampled from a video of {}; lower num_frames or fps", wanted,
       total);
}

std::vector<int64_t> all_frames(int64_t total) {
  std::vector<int64_t> indices(static_cast<size_t>(total));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

}  // namespace

std::vector<int64_t> sample_frames(int64_t total, double video_fps, const FrameSampling& sampling) {
  check_sampling(total, video_fps, sampling);
  if (!sampling.num_frames && !sampling.fps) return all_frames(total);
  const double wanted = sampling.num_frames
                            ? static_cast<double>(*sampling.num_frames)
                            : std::max(1.0, std::trunc(static_cast<double>(total) / video_fps * *sampling.fps));
  if (wanted > static_cast<double>(total)) fail_too_many(wanted, total);
  const auto count = static_cast<int64_t>(wanted);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(i * total / count);
  return indices;
}

std::vector<int64_t> sample_frame_groups(int64_t total, double video_fps, const FrameSampling& sampling,
                                         int64_t temporal_patch_size, int64_t min_frames, int64_t max_frames) {
  check_sampling(total, video_fps, sampling);
  if (!sampling.num_frames && !sampling.fps) return all_frames(total);
  const auto group = static_cast<double>(temporal_patch_size);
  double wanted = 0;
  if (sampling.num_frames) {
    wanted = std::nearbyint(static_cast<double>(*sampling.num_frames) / group) * group;
  } else {
    const double most = std::floor(static_cast<double>(std::min(max_frames, total)) / group) * group;
    wanted = static_cast<double>(total) / video_fps * *sampling.fps;
    wanted = std::min({std::max(wanted, static_cast<double>(min_frames)), most, static_cast<double>(total)});
    wanted = std::floor(wanted / group) * group;
  }
  if (wanted > static_cast<double>(total)) fail_too_many(wanted, total);
  if (wanted < 1) {
    fail(ErrorCode::invalid_argument, "no frame of a video of {} would be left; at least {} are needed", total,
         temporal_patch_size);
  }
  const double step = static_cast<double>(total) / wanted;
  const auto count = static_cast<int64_t>(std::ceil(static_cast<double>(total) / step));
  std::vector<int64_t> indices;
  // torch.arange gives floats, which are then cut to integers.
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(static_cast<int64_t>(static_cast<float>(static_cast<double>(i) * step)));
  return indices;
}

}  // namespace accelerate
