#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "preprocess/audio/fourier.h"
#include "preprocess/audio/mel_filters.h"

namespace accelerate {

/// What lies before the first and after the last sample of a clip.
enum class EdgePadding { none, zeros, reflect };

/// How pre-emphasis filters a frame x: within takes x[i] - p x[i-1] and x[0] (1 - p); ahead takes x[i+1] - p x[i].
enum class PreEmphasis { none, within, ahead };

enum class LogKind { none, natural, decimal, decibel };

/// From samples to a (mel) spectrogram, as transformers' audio_utils.spectrogram and the torch forms of its extractors.
/// Each frame: remove the mean, pre-emphasise, window, transform; magnitude^power; filters; max(floor, x + guard) *
/// gain; logarithm.
struct SpectrogramOptions {
  std::vector<double> window;  // its size is the frame length
  int64_t hop_length = 0;      // in samples
  int64_t fft_length = 0;      // at least the frame length; zeros fill the frame up
  EdgePadding edge = EdgePadding::none;
  int64_t edge_samples = 0;  // on each side
  double input_scale = 1;
  bool remove_mean = false;
  PreEmphasis pre_emphasis = PreEmphasis::none;
  double pre_emphasis_factor = 0;
  bool float_emphasis = false;  // rounded to float, as the torch forms of the extractors do
  int64_t lookahead = 0;        // samples that a frame needs after its end; at least 1 for PreEmphasis::ahead
  int power = 2;                // 1 or 2
  double magnitude_floor = 0;   // added to the squared magnitude before the root of power 1
  std::optional<MelOptions> mels;
  double guard = 0;
  double floor = 0;
  double gain = 1;
  LogKind log = LogKind::none;
};

/// Values [num_frames, num_features], f32.
struct Spectrogram {
  int64_t num_frames = 0;
  int64_t num_features = 0;
  std::vector<float> values;
};

/// Immutable; threads share it. Arithmetic in double.
class SpectrogramTransform {
 public:
  /// Errors: invalid_model if a length is out of range.
  explicit SpectrogramTransform(SpectrogramOptions options);

  int64_t frame_length() const { return static_cast<int64_t>(options_.window.size()); }
  int64_t num_features() const { return filters_ ? filters_->num_mels() : fourier_.num_bins(); }
  /// Frames of a clip of this many samples; 0 or less if it is shorter than a frame.
  int64_t num_frames(int64_t num_samples) const;

  /// Errors: invalid_argument if samples is empty (reflect) or the result would exceed 2^28 values.
  Spectrogram compute(std::span<const float> samples) const;

 private:
  int64_t samples_per_frame() const;
  void load_frame(std::span<const float> samples, int64_t start, std::span<double> frame) const;

  SpectrogramOptions options_;
  RealFourier fourier_;
  std::optional<MelFilters> filters_;
};

}  // namespace accelerate
