// Any bytes decode to sound or give accelerate::Error; what decodes can be resampled and turned into features.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "preprocess/audio/decode.h"
#include "preprocess/audio/feature_extractor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  static const AudioFeatureExtractor extractor = AudioFeatureExtractor::from_json(
      {{"feature_extractor_type", "WhisperFeatureExtractor"}, {"chunk_length", 1}, {"feature_size", 8}}, "fuzz");
  try {
    Audio audio = decode_audio(std::as_bytes(std::span(data, size)), {.max_samples = 1 << 16, .max_channels = 8});
    if (audio.samples.empty() || audio.samples.size() % static_cast<size_t>(audio.channels) != 0) std::abort();
    // Rates far apart make the resampler's filters long.
    if (audio.sample_rate < 1000 || audio.sample_rate > 192'000) audio.sample_rate = 22'050;
    if (extractor.process(audio).at("input_features").num_elements() != 8 * 100) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
