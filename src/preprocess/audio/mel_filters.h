#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace accelerate {

enum class MelScale { htk, slaney, kaldi };

/// A bank of triangular filters over the bins of a spectrum. Frequencies in hertz.
struct MelOptions {
  int64_t num_bins = 0;
  int64_t num_mels = 0;
  double min_frequency = 0;
  double max_frequency = 0;
  int64_t sample_rate = 0;
  MelScale scale = MelScale::htk;
  bool slaney_norm = false;             // each filter divided by half its width in hertz
  bool triangles_in_mel_space = false;  // straight edges over mels instead of hertz, as Kaldi
};

/// Filters without their zeros. Immutable.
/// Source: transformers 5.23, audio_utils.mel_filter_bank.
class MelFilters {
 public:
  /// Errors: invalid_model if num_bins is below 2, num_mels below 1, or the frequencies are out of order or negative.
  explicit MelFilters(const MelOptions& options);

  int64_t num_bins() const { return num_bins_; }
  int64_t num_mels() const { return static_cast<int64_t>(filters_.size()); }
  /// spectrum [num_bins] -> mels [num_mels]
  void apply(std::span<const double> spectrum, std::span<double> mels) const;

 private:
  struct Filter {
    int64_t first = 0;
    std::vector<double> weights;
  };
  int64_t num_bins_;
  std::vector<Filter> filters_;
};

enum class WindowKind { boxcar, hann, hamming, povey };

/// A window of this length; periodic ones are the first `length` values of the symmetric one of length + 1.
/// Source: transformers 5.23, audio_utils.window_function.
std::vector<double> make_window(WindowKind kind, int64_t length, bool periodic);

/// The window in the middle of `length` values, zeros around it.
std::vector<double> centered_window(const std::vector<double>& window, int64_t length);

}  // namespace accelerate
