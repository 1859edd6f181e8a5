#include "preprocess/audio/resample.h"

#include <soxr.h>

#include <algorithm>
#include <memory>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr int64_t kMaxRate = 768'000;
constexpr int64_t kMaxSamples = int64_t{1} << 28;

void check_layout(const Audio& audio) {
  if (audio.channels < 1 || static_cast<int64_t>(audio.samples.size()) % audio.channels != 0) {
    fail(ErrorCode::invalid_argument, "audio of {} channels with {} samples; expected a whole number of frames",
         audio.channels, audio.samples.size());
  }
}

}  // namespace

Audio mix_to_mono(const Audio& audio) {
  check_layout(audio);
  if (audio.channels == 1) return audio;
  Audio mono{audio.sample_rate, 1, std::vector<float>(static_cast<size_t>(audio.num_frames()))};
  const float* in = audio.samples.data();
  for (float& out : mono.samples) {
    float sum = 0;
    for (int64_t c = 0; c < audio.channels; ++c) sum += *in++;
    out = sum / static_cast<float>(audio.channels);
  }
  return mono;
}

Audio mix_to_stereo(const Audio& audio) {
  check_layout(audio);
  if (audio.channels == 2) return audio;
  const Audio mono = mix_to_mono(audio);
  Audio stereo{audio.sample_rate, 2, {}};
  stereo.samples.reserve(mono.samples.size() * 2);
  for (const float sample : mono.samples) stereo.samples.insert(stereo.samples.end(), 2, sample);
  return stereo;
}

Audio resample(const Audio& audio, int64_t sample_rate) {
  check_layout(audio);
  if (audio.sample_rate < 1 || audio.sample_rate > kMaxRate || sample_rate < 1 || sample_rate > kMaxRate) {
    fail(ErrorCode::invalid_argument, "cannot resample from {} Hz to {} Hz; rates from 1 to {} Hz are possible",
         audio.sample_rate, sample_rate, kMaxRate);
  }
  if (audio.sample_rate == sample_rate || audio.samples.empty()) {
    Audio same = audio;
    same.sample_rate = sample_rate;
    return same;
  }
  const int64_t frames = audio.num_frames();
  if (frames > kMaxSamples / audio.channels) {
    fail(ErrorCode::invalid_argument, "audio of {} frames is too long to resample; cut it into shorter clips", frames);
  }
  const int64_t wanted = (frames * sample_rate + audio.sample_rate - 1) / audio.sample_rate;
  if (wanted > kMaxSamples / audio.channels) {
    fail(ErrorCode::invalid_argument, "audio of {} frames at {} Hz would become {} frames at {} Hz; cut it", frames,
         audio.sample_rate, wanted, sample_rate);
  }
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const soxr_io_spec_t samples = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  soxr_error_t error = nullptr;
  const std::unique_ptr<soxr, decltype(&soxr_delete)> converter(
      soxr_create(static_cast<double>(audio.sample_rate), static_cast<double>(sample_rate),
                  static_cast<unsigned>(audio.channels), &error, &samples, &quality, nullptr),
      soxr_delete);
  if (converter == nullptr || error != nullptr) {
    fail(ErrorCode::internal, "soxr cannot resample from {} Hz to {} Hz: {}", audio.sample_rate, sample_rate,
         error == nullptr ? "unknown reason" : soxr_strerror(error));
  }
  Audio out{sample_rate, audio.channels, std::vector<float>(static_cast<size_t>(wanted * audio.channels))};
  int64_t consumed = 0;
  int64_t produced = 0;
  while (produced < wanted) {
    size_t in_done = 0;
    size_t out_done = 0;
    const bool ended = consumed == frames;
    error =
        soxr_process(converter.get(), ended ? nullptr : audio.samples.data() + consumed * audio.channels,
                     static_cast<size_t>(frames - consumed), &in_done, out.samples.data() + produced * audio.channels,
                     static_cast<size_t>(wanted - produced), &out_done);
    if (error != nullptr) fail(ErrorCode::internal, "soxr failed: {}", soxr_strerror(error));
    consumed += static_cast<int64_t>(in_done);
    produced += static_cast<int64_t>(out_done);
    if (ended && out_done == 0) break;
  }
  return out;  // frames that soxr did not give stay zero
}

}  // namespace accelerate
