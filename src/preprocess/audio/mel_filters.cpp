#include "preprocess/audio/mel_filters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr double kSlaneyBreakHertz = 1000.0;
constexpr double kSlaneyBreakMel = 15.0;

double to_mel(double hertz, MelScale scale) {
  switch (scale) {
    case MelScale::htk: return 2595.0 * std::log10(1.0 + hertz / 700.0);
    case MelScale::kaldi: return 1127.0 * std::log(1.0 + hertz / 700.0);
    case MelScale::slaney: break;
  }
  if (hertz < kSlaneyBreakHertz) return 3.0 * hertz / 200.0;
  return kSlaneyBreakMel + std::log(hertz / kSlaneyBreakHertz) * (27.0 / std::log(6.4));
}

double to_hertz(double mel, MelScale scale) {
  switch (scale) {
    case MelScale::htk: return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
    case MelScale::kaldi: return 700.0 * (std::exp(mel / 1127.0) - 1.0);
    case MelScale::slaney: break;
  }
  if (mel < kSlaneyBreakMel) return 200.0 * mel / 3.0;
  return kSlaneyBreakHertz * std::exp(std::log(6.4) / 27.0 * (mel - kSlaneyBreakMel));
}

/// Value i of `count` values evenly spaced from first to last.
double spaced(double first, double last, int64_t count, int64_t i) {
  if (i == count - 1) return last;
  return first + (last - first) / static_cast<double>(count - 1) * static_cast<double>(i);
}

}  // namespace

MelFilters::MelFilters(const MelOptions& options) : num_bins_(options.num_bins) {
  if (options.num_bins < 2 || options.num_mels < 1 || options.sample_rate < 2 || !(options.min_frequency >= 0) ||
      !(options.min_frequency <= options.max_frequency) || !std::isfinite(options.max_frequency)) {
    fail(ErrorCode::invalid_model,
         "{} mel filters over {} bins from {} Hz to {} Hz at {} Hz; expected at least 1 filter, 2 bins and rising "
         "frequencies",
         options.num_mels, options.num_bins, options.min_frequency, options.max_frequency, options.sample_rate);
  }
  const double mel_min = to_mel(options.min_frequency, options.scale);
  const double mel_max = to_mel(options.max_frequency, options.scale);
  const int64_t num_edges = options.num_mels + 2;
  std::vector<double> edges(static_cast<size_t>(num_edges));
  for (int64_t i = 0; i < num_edges; ++i) {
    edges[i] = spaced(mel_min, mel_max, num_edges, i);
    if (!options.triangles_in_mel_space) edges[i] = to_hertz(edges[i], options.scale);
  }
  std::vector<double> bins(static_cast<size_t>(num_bins_));
  const double width = static_cast<double>(options.sample_rate) / static_cast<double>((num_bins_ - 1) * 2);
  for (int64_t i = 0; i < num_bins_; ++i) {
    bins[i] = options.triangles_in_mel_space ? to_mel(width * static_cast<double>(i), options.scale)
                                             : spaced(0.0, static_cast<double>(options.sample_rate / 2), num_bins_, i);
  }
  filters_.resize(static_cast<size_t>(options.num_mels));
  for (int64_t m = 0; m < options.num_mels; ++m) {
    const double left = edges[m];
    const double center = edges[m + 1];
    const double right = edges[m + 2];
    const double norm = options.slaney_norm ? 2.0 / (right - left) : 1.0;
    Filter& filter = filters_[m];
    for (int64_t i = 0; i < num_bins_; ++i) {
      const double weight = std::min((bins[i] - left) / (center - left), (right - bins[i]) / (right - center));
      if (!(weight > 0)) continue;
      if (filter.weights.empty()) filter.first = i;
      filter.weights.resize(static_cast<size_t>(i - filter.first + 1));
      filter.weights.back() = weight * norm;
    }
  }
}

void MelFilters::apply(std::span<const double> spectrum, std::span<double> mels) const {
  for (size_t m = 0; m < filters_.size(); ++m) {
    const Filter& filter = filters_[m];
    const double* bins = spectrum.data() + filter.first;
    double sum = 0;
    for (size_t i = 0; i < filter.weights.size(); ++i) sum += bins[i] * filter.weights[i];
    mels[m] = sum;
  }
}

std::vector<double> make_window(WindowKind kind, int64_t length, bool periodic) {
  std::vector<double> window(static_cast<size_t>(length), 1.0);
  const int64_t span = periodic ? length : length - 1;
  if (kind == WindowKind::boxcar || span < 1) return window;
  for (int64_t i = 0; i < length; ++i) {
    const double cosine = std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(span));
    // The ends of a symmetric Hann window are zero up to rounding, never below.
    const double hann = std::max(0.0, 0.5 - 0.5 * cosine);
    switch (kind) {
      case WindowKind::hamming: window[i] = 0.54 - 0.46 * cosine; break;
      case WindowKind::povey: window[i] = std::pow(hann, 0.85); break;
      default: window[i] = hann;
    }
  }
  return window;
}

std::vector<double> centered_window(const std::vector<double>& window, int64_t length) {
  std::vector<double> padded(static_cast<size_t>(length), 0.0);
  const size_t offset = (padded.size() - window.size()) / 2;
  std::copy(window.begin(), window.end(), padded.begin() + static_cast<std::ptrdiff_t>(offset));
  return padded;
}

}  // namespace accelerate
