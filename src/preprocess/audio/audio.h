#pragma once
#include <cstdint>
#include <vector>

namespace accelerate {

/// Sound as PCM samples, nominally in [-1, 1]. Layout: frames in time order, channels interleaved: samples [T,
/// channels].
struct Audio {
  int64_t sample_rate = 0;  // in hertz
  int64_t channels = 1;
  std::vector<float> samples;

  int64_t num_frames() const { return channels > 0 ? static_cast<int64_t>(samples.size()) / channels : 0; }
};

}  // namespace accelerate
