#include "preprocess/audio/spectrogram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr int64_t kMaxFftLength = int64_t{1} << 20;
constexpr int64_t kMaxValues = int64_t{1} << 28;

int64_t checked_fft_length(const SpectrogramOptions& options) {
  const auto frame = static_cast<int64_t>(options.window.size());
  if (options.fft_length < 2 || options.fft_length > kMaxFftLength || frame < 1 || frame > options.fft_length ||
      options.hop_length < 1 || options.lookahead < (options.pre_emphasis == PreEmphasis::ahead ? 1 : 0)) {
    fail(ErrorCode::invalid_model,
         "frames of {} samples, {} apart, transformed at length {}; expected a hop of at least 1 and "
         "1 <= frame <= transform <= {}",
         frame, options.hop_length, options.fft_length, kMaxFftLength);
  }
  return options.fft_length;
}

/// The sample that reflection puts at position i of a clip of n samples, over and over.
int64_t reflected(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = ((i % period) + period) % period;
  return i < n ? i : period - i;
}

double logarithm(double value, LogKind kind) {
  switch (kind) {
    case LogKind::none: return value;
    case LogKind::natural: return std::log(value);
    case LogKind::decimal: return std::log10(value);
    case LogKind::decibel: return 10.0 * std::log10(value);
  }
  return value;
}

}  // namespace

SpectrogramTransform::SpectrogramTransform(SpectrogramOptions options)
    : options_(std::move(options)), fourier_(checked_fft_length(options_)) {
  if (options_.mels) filters_.emplace(*options_.mels);
  if (filters_ && filters_->num_bins() != fourier_.num_bins()) {
    fail(ErrorCode::invalid_model, "mel filters over {} bins for a transform with {}", filters_->num_bins(),
         fourier_.num_bins());
  }
}

int64_t SpectrogramTransform::samples_per_frame() const {
  return frame_length() + options_.lookahead;
}

int64_t SpectrogramTransform::num_frames(int64_t num_samples) const {
  const int64_t available = num_samples + 2 * options_.edge_samples - samples_per_frame();
  const int64_t hop = options_.hop_length;
  return 1 + (available >= 0 ? available / hop : -((-available + hop - 1) / hop));
}

void SpectrogramTransform::load_frame(std::span<const float> samples, int64_t start, std::span<double> frame) const {
  const auto n = static_cast<int64_t>(samples.size());
  for (int64_t i = 0; i < static_cast<int64_t>(frame.size()); ++i) {
    int64_t at = start + i;
    if (at < 0 || at >= n) {
      if (options_.edge != EdgePadding::reflect) {
        frame[i] = 0;
        continue;
      }
      at = reflected(at, n);
    }
    frame[i] = double{samples[at]} * options_.input_scale;
  }
}

Spectrogram SpectrogramTransform::compute(std::span<const float> samples) const {
  if (samples.empty()) fail(ErrorCode::invalid_argument, "the clip holds no samples");
  Spectrogram out;
  out.num_features = num_features();
  out.num_frames = std::max<int64_t>(0, num_frames(static_cast<int64_t>(samples.size())));
  if (out.num_frames > kMaxValues / out.num_features) {
    fail(ErrorCode::invalid_argument, "a clip of {} samples gives {} frames of {} values; cut it into shorter clips",
         samples.size(), out.num_frames, out.num_features);
  }
  out.values.resize(static_cast<size_t>(out.num_frames * out.num_features));
  const int64_t length = frame_length();
  const double p = options_.pre_emphasis_factor;
  std::vector<double> loaded(static_cast<size_t>(samples_per_frame()));
  std::vector<double> frame(static_cast<size_t>(options_.fft_length), 0.0);
  std::vector<Complex> bins(static_cast<size_t>(fourier_.num_bins()));
  std::vector<double> spectrum(bins.size());
  std::vector<double> features(static_cast<size_t>(out.num_features));
  RealFourier::Scratch scratch;
  for (int64_t t = 0; t < out.num_frames; ++t) {
    load_frame(samples, t * options_.hop_length - options_.edge_samples, loaded);
    if (options_.remove_mean) {
      double mean = 0;
      for (const double sample : loaded) mean += sample;
      mean /= static_cast<double>(loaded.size());
      for (double& sample : loaded) sample -= mean;
    }
    for (int64_t i = 0; i < length; ++i) {
      double sample = loaded[i];
      if (options_.pre_emphasis == PreEmphasis::within) sample = i == 0 ? sample * (1 - p) : sample - p * loaded[i - 1];
      if (options_.pre_emphasis == PreEmphasis::ahead) sample = loaded[i + 1] - p * sample;
      if (options_.float_emphasis && options_.pre_emphasis == PreEmphasis::within) {
        const auto factor = static_cast<float>(p);
        const auto previous = static_cast<float>(loaded[i == 0 ? 0 : i - 1]);
        sample = double{static_cast<float>(loaded[i]) - factor * previous};
      }
      frame[i] = sample * options_.window[i];
    }
    fourier_.transform(frame, bins, scratch);
    for (size_t k = 0; k < bins.size(); ++k) {
      const double squared = bins[k].re * bins[k].re + bins[k].im * bins[k].im;
      spectrum[k] = options_.power == 2 ? squared : std::sqrt(squared + options_.magnitude_floor);
    }
    if (filters_) {
      filters_->apply(spectrum, features);
    } else {
      features = spectrum;
    }
    float* row = out.values.data() + t * out.num_features;
    for (int64_t m = 0; m < out.num_features; ++m) {
      const double value = std::max(options_.floor, features[m] + options_.guard) * options_.gain;
      row[m] = static_cast<float>(logarithm(value, options_.log));
    }
  }
  return out;
}

}  // namespace accelerate
