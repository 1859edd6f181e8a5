#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace accelerate {

/// Which frames of a video to take: so many, or so many a second; all if neither is given.
struct FrameSampling {
  std::optional<int64_t> num_frames;
  std::optional<double> fps;  // in frames a second
};

/// Indices of the frames: i * total / num_frames, rounded down. `video_fps` is needed for sampling by fps; 0 if
/// unknown. Errors: invalid_argument if both or a non-positive value are given, more frames are asked for than there
/// are, or video_fps is needed and unknown. Source: transformers 5.23, video_utils.default_sample_indices_fn.
std::vector<int64_t> sample_frames(int64_t total, double video_fps, const FrameSampling& sampling);

/// Qwen2-VL's choice: a number of frames that temporal_patch_size divides, by fps between min_frames and max_frames.
/// Errors: as sample_frames; also if no frame would be left.
/// Source: transformers 5.23, Qwen2VLVideoProcessor.sample_frames.
std::vector<int64_t> sample_frame_groups(int64_t total, double video_fps, const FrameSampling& sampling,
                                         int64_t temporal_patch_size, int64_t min_frames, int64_t max_frames);

}  // namespace accelerate
