// Extractors of conformer encoders: Parakeet, LASR, Phi-4 multimodal, Gemma 3n, Granite Speech.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/extractors/settings.h"
#include "preprocess/audio/spectrogram.h"

namespace accelerate {
namespace {

/// The lengths that these classes share.
struct FrameSettings {
  int64_t n_fft;
  int64_t win_length;
  int64_t hop_length;

  explicit FrameSettings(const Json& json)
      : n_fft(json_int(json, "n_fft", 512, 2, kMaxConfiguredFrame)),
        win_length(json_int(json, "win_length", 400, 2, n_fft)),
        hop_length(json_int(json, "hop_length", 160, 1, kMaxConfiguredFrame)) {}
};

void check_length(std::span<const Clip> clips, int64_t needed) {
  for (size_t i = 0; i < clips.size(); ++i) {
    if (static_cast<int64_t>(clips[i].samples.size()) >= needed) continue;
    fail(ErrorCode::invalid_argument, "clip {} has {} samples; at least {} are needed", i, clips[i].samples.size(),
         needed);
  }
}

/// The spectrograms of all rows: [batch, frames, features].
Tensor transform_rows(const SpectrogramTransform& transform, const PaddedSequences& rows) {
  const int64_t frames = std::max<int64_t>(0, transform.num_frames(rows.length));
  Tensor values(DType::f32, {rows.batch, frames, transform.num_features()});
  for (int64_t i = 0; i < rows.batch; ++i) {
    const Spectrogram spectrogram = transform.compute(rows.row(i));
    std::copy(spectrogram.values.begin(), spectrogram.values.end(),
              values.as<float>() + i * frames * transform.num_features());
  }
  return values;
}

/// i64 [batch, width]: 1 before each length.
Tensor length_mask(std::span<const int64_t> lengths, int64_t width) {
  Tensor mask = Tensor::zeros(DType::i64, {static_cast<int64_t>(lengths.size()), width});
  for (size_t i = 0; i < lengths.size(); ++i) {
    std::fill_n(mask.as<int64_t>() + static_cast<int64_t>(i) * width, std::clamp<int64_t>(lengths[i], 0, width), 1);
  }
  return mask;
}

class Parakeet : public AudioFamily {
 public:
  Parakeet(const SequenceSettings& settings, const Json& json)
      : settings_(settings), frames_(json), transform_(spectrogram_options()) {
    const auto factor = json.find("preemphasis");
    if (factor == json.end() || !factor->is_null()) {
      pre_emphasis_ = static_cast<float>(json_number(json, "preemphasis", 0.97, -10, 10));
    }
  }
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    check_length(clips, 2 * frames_.hop_length + frames_.n_fft % 2);  // the variance needs two frames
    PaddedSequences rows =
        pad_sequences(sequences_of(clips), pad_request(settings_, options, ClipPadding::longest, false));
    std::vector<int64_t> lengths;
    for (size_t i = 0; i < clips.size(); ++i) {
      const auto samples = static_cast<int64_t>(clips[i].samples.size());
      lengths.push_back((samples - frames_.n_fft % 2) / frames_.hop_length);
      if (pre_emphasis_) emphasize(rows.row(static_cast<int64_t>(i)), samples);
    }
    Tensor values = transform_rows(transform_, rows);
    const int64_t steps = values.dim(1);
    const int64_t mels = values.dim(2);
    for (int64_t i = 0; i < rows.batch; ++i) {
      normalize(std::span(values.as<float>() + i * steps * mels, static_cast<size_t>(steps * mels)), lengths[i], mels);
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    inputs.add("attention_mask", length_mask(lengths, steps));
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options() const {
    SpectrogramOptions options;
    options.window = centered_window(make_window(WindowKind::hann, frames_.win_length, false), frames_.n_fft);
    options.hop_length = frames_.hop_length;
    options.fft_length = frames_.n_fft;
    options.edge = EdgePadding::zeros;
    options.edge_samples = frames_.n_fft / 2;
    options.mels = MelOptions{.num_bins = frames_.n_fft / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .max_frequency = static_cast<double>(settings_.sampling_rate) / 2,
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::slaney,
                              .slaney_norm = true};
    options.guard = std::ldexp(1.0, -24);
    options.log = LogKind::natural;
    return options;
  }

  void emphasize(std::span<float> row, int64_t samples) const {
    for (size_t t = row.size(); t-- > 1;) row[t] -= *pre_emphasis_ * row[t - 1];
    if (samples < static_cast<int64_t>(row.size())) std::fill(row.begin() + samples, row.end(), 0.0F);
  }

  /// Each mel over the clip's frames to mean 0 and deviation 1; the frames after them become 0.
  static void normalize(std::span<float> values, int64_t length, int64_t mels) {
    const int64_t steps = static_cast<int64_t>(values.size()) / mels;
    const int64_t counted = std::min(length, steps);
    for (int64_t m = 0; m < mels; ++m) {
      double mean = 0;
      for (int64_t t = 0; t < counted; ++t) mean += double{values[t * mels + m]};
      mean /= static_cast<double>(length);
      double squares = 0;
      for (int64_t t = 0; t < counted; ++t) {
        squares += (double{values[t * mels + m]} - mean) * (double{values[t * mels + m]} - mean);
      }
      const double scale = 1.0 / (std::sqrt(squares / static_cast<double>(length - 1)) + 1e-5);
      for (int64_t t = 0; t < steps; ++t) {
        float& value = values[t * mels + m];
        value = t < counted ? static_cast<float>((double{value} - mean) * scale) : 0.0F;
      }
    }
  }

  SequenceSettings settings_;
  FrameSettings frames_;
  std::optional<float> pre_emphasis_;
  SpectrogramTransform transform_;
};

class Lasr : public AudioFamily {
 public:
  Lasr(const SequenceSettings& settings, const Json& json)
      : settings_(settings), frames_(json), transform_(spectrogram_options()) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const PaddedSequences rows =
        pad_sequences(sequences_of(clips), pad_request(settings_, options, ClipPadding::longest, false));
    const Tensor values = transform_rows(transform_, rows);
    if (values.dim(1) < 1) check_length(clips, frames_.win_length);
    ModelInputs inputs;
    inputs.add("input_features", values);
    if (options.return_attention_mask.value_or(false)) {
      const Tensor samples = rows.mask();
      Tensor mask(DType::i64, {rows.batch, values.dim(1)});
      for (int64_t i = 0; i < rows.batch; ++i) {
        for (int64_t t = 0; t < values.dim(1); ++t) {
          const int64_t last = frames_.win_length - 1 + t * frames_.hop_length;
          mask.as<int64_t>()[i * values.dim(1) + t] = samples.as<int64_t>()[i * rows.length + last];
        }
      }
      inputs.add("attention_mask", mask);
    }
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options() const {
    SpectrogramOptions options;
    options.window = make_window(WindowKind::hann, frames_.win_length, false);
    options.hop_length = frames_.hop_length;
    options.fft_length = frames_.n_fft;
    options.mels = MelOptions{.num_bins = frames_.n_fft / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .min_frequency = 125,
                              .max_frequency = 7500,
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::kaldi,
                              .triangles_in_mel_space = true};
    options.floor = 1e-5;
    options.log = LogKind::natural;
    return options;
  }

  SequenceSettings settings_;
  FrameSettings frames_;
  SpectrogramTransform transform_;
};

class Phi4 : public AudioFamily {
 public:
  Phi4(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        frames_(json),
        compression_(json_int(json, "audio_compression_rate", 8, 1, 1 << 16)),
        downsample_(json_int(json, "audio_downsample_rate", 1, 1, 1 << 16)),
        feature_stride_(json_int(json, "audio_feat_stride", 1, 1, 1 << 10)),
        transform_(spectrogram_options(json)) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    check_length(clips, frames_.win_length);
    const PaddedSequences rows =
        pad_sequences(sequences_of(clips), pad_request(settings_, options, ClipPadding::longest, false));
    Tensor values = transform_rows(transform_, rows);
    std::vector<int64_t> lengths;
    Tensor sizes(DType::i64, {rows.batch});
    for (int64_t i = 0; i < rows.batch; ++i) {
      const auto samples = static_cast<int64_t>(clips[static_cast<size_t>(i)].samples.size());
      lengths.push_back(((samples - frames_.win_length) / frames_.hop_length + 1) * feature_stride_);
      const int64_t compressed = (lengths.back() + compression_ - 1) / compression_;
      sizes.as<int64_t>()[i] = (compressed + downsample_ - 1) / downsample_;
    }
    silence_straddling_frames(clips, values);
    ModelInputs inputs;
    inputs.add("audio_input_features", values);
    inputs.add("audio_embed_sizes", sizes);
    if (rows.batch > 1 && options.return_attention_mask.value_or(true)) {
      inputs.add("audio_attention_mask", length_mask(lengths, *std::max_element(lengths.begin(), lengths.end())));
    }
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options(const Json& json) const {
    SpectrogramOptions options;
    options.window = make_window(WindowKind::hamming, frames_.win_length, false);
    options.hop_length = frames_.hop_length;
    options.fft_length = frames_.n_fft;
    options.input_scale = 32768;
    options.float_emphasis = true;
    options.pre_emphasis = PreEmphasis::within;
    options.pre_emphasis_factor = json_number(json, "preemphasis", 0.97, -10, 10);
    options.mels = MelOptions{.num_bins = frames_.n_fft / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .min_frequency = json_number(json, "mel_min_frequency", 0, 0, 1e6),
                              .max_frequency = json_number(json, "mel_max_frequency", 7690, 0, 1e6),
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::kaldi,
                              .triangles_in_mel_space = true};
    options.floor = 1;
    options.log = LogKind::natural;
    return options;
  }

  /// In a batch, frames of the shorter clips that reach over their end count as silence.
  void silence_straddling_frames(std::span<const Clip> clips, Tensor& values) const {
    size_t longest = 0;
    for (const Clip& clip : clips) longest = std::max(longest, clip.samples.size());
    const int64_t mels = values.dim(2);
    for (size_t i = 0; i < clips.size(); ++i) {
      if (clips[i].samples.size() == longest) continue;
      const auto samples = static_cast<int64_t>(clips[i].samples.size());
      const int64_t first = (samples - frames_.win_length) / frames_.hop_length + 1;
      const int64_t last = std::min(samples / frames_.hop_length - 1, values.dim(1));
      float* row = values.as<float>() + static_cast<int64_t>(i) * values.dim(1) * mels;
      if (first < last) std::fill(row + first * mels, row + last * mels, 0.0F);
    }
  }

  SequenceSettings settings_;
  FrameSettings frames_;
  int64_t compression_;
  int64_t downsample_;
  int64_t feature_stride_;
  SpectrogramTransform transform_;
};

/// A periodic Hann window with the rounding of floats, which shows in frames that end just after their start.
std::vector<double> float_window(int64_t length) {
  std::vector<double> window;
  for (int64_t i = 0; i < length; ++i) {
    const float angle = static_cast<float>(2 * std::numbers::pi) * static_cast<float>(i) / static_cast<float>(length);
    window.push_back(double{0.5F * (1.0F - std::cos(angle))});
  }
  return window;
}

class Gemma3n : public AudioFamily {
 public:
  Gemma3n(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        mean_(json_numbers(json, "per_bin_mean", settings.feature_size)),
        deviation_(json_numbers(json, "per_bin_stddev", settings.feature_size)),
        hop_length_(samples_of(json, "hop_length_ms", 10.0)),
        frame_length_(samples_of(json, "frame_length_ms", 32.0)),
        transform_(spectrogram_options(json)) {
    for (const double deviation : deviation_) {
      if (deviation == 0) fail(ErrorCode::invalid_model, "per_bin_stddev holds 0; expected divisors");
    }
  }
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const PaddedSequences rows =
        pad_sequences(sequences_of(clips), pad_request(settings_, options, ClipPadding::longest, true, 480'000, 128));
    Tensor values = transform_rows(transform_, rows);
    const int64_t steps = values.dim(1);
    if (steps < 1) check_length(clips, frame_length_ + 1);
    for (int64_t k = 0; k < values.num_elements(); ++k) {
      const auto m = static_cast<size_t>(k % settings_.feature_size);
      double value = values.as<float>()[k];
      if (!mean_.empty()) value -= mean_[m];
      if (!deviation_.empty()) value /= deviation_[m];
      values.as<float>()[k] = static_cast<float>(value);
    }
    const Tensor samples = rows.mask();
    Tensor mask(DType::i64, {rows.batch, steps});
    for (int64_t i = 0; i < rows.batch; ++i) {
      for (int64_t t = 0; t < steps; ++t) {
        mask.as<int64_t>()[i * steps + t] = samples.as<int64_t>()[i * rows.length + t * hop_length_];
      }
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    inputs.add("input_features_mask", mask);
    return inputs;
  }

 private:
  int64_t samples_of(const Json& json, std::string_view key, double fallback_ms) const {
    const double ms = json_number(json, key, fallback_ms, 1e-3, 1e4);
    const auto samples =
        static_cast<int64_t>(std::nearbyint(static_cast<double>(settings_.sampling_rate) * ms / 1000.0));
    if (samples < 1 || samples > kMaxConfiguredFrame) {
      fail(ErrorCode::invalid_model, "{} of {} is {} samples; expected 1 to {}", key, ms, samples, kMaxConfiguredFrame);
    }
    return samples;
  }

  SpectrogramOptions spectrogram_options(const Json& json) const {
    SpectrogramOptions options;
    options.window = float_window(frame_length_);
    options.hop_length = hop_length_;
    options.fft_length = json_bool(json, "fft_overdrive", true) ? 2 : 1;
    for (int64_t length = 1; length < frame_length_; length *= 2) options.fft_length *= 2;
    options.input_scale = json_number(json, "input_scale_factor", 1, -1e9, 1e9);
    options.lookahead = 1;
    options.pre_emphasis_factor = json_number(json, "preemphasis", 0.97, -10, 10);
    if (options.pre_emphasis_factor > 0) {
      options.pre_emphasis = json_bool(json, "preemphasis_htk_flavor", true) ? PreEmphasis::within : PreEmphasis::ahead;
    }
    options.power = 1;
    options.mels = MelOptions{.num_bins = options.fft_length / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .min_frequency = json_number(json, "min_frequency", 125, 0, 1e6),
                              .max_frequency = json_number(json, "max_frequency", 7600, 0, 1e6),
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::htk};
    options.floor = json_number(json, "mel_floor", 1e-5, 1e-30, 1e30);
    options.log = LogKind::natural;
    return options;
  }

  SequenceSettings settings_;
  std::vector<double> mean_;
  std::vector<double> deviation_;
  int64_t hop_length_;
  int64_t frame_length_;
  SpectrogramTransform transform_;
};

class GraniteSpeech : public AudioFamily {
 public:
  GraniteSpeech(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        frames_(json),
        window_size_(json_int(json, "projector_window_size", 15, 1, 1 << 16)),
        downsample_rate_(json_int(json, "projector_downsample_rate", 5, 1, 1 << 16)),
        transform_(spectrogram_options()) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions&) const override {
    check_length(clips, frames_.hop_length);
    SequenceSettings zeros = settings_;
    zeros.padding_value = 0;
    zeros.pad_left = false;
    const PaddedSequences rows =
        pad_sequences(sequences_of(clips), pad_request(zeros, {}, ClipPadding::longest, false));
    if (rows.length <= frames_.n_fft / 2) check_length(clips, frames_.n_fft / 2 + 1);
    const Tensor frames = transform_rows(transform_, rows);
    const int64_t mels = frames.dim(2);
    const int64_t steps = frames.dim(1) / 2;
    Tensor values(DType::f32, {rows.batch, steps, 2 * mels});
    for (int64_t i = 0; i < rows.batch; ++i) {
      const float* in = frames.as<float>() + i * frames.dim(1) * mels;
      const float largest = *std::max_element(in, in + frames.dim(1) * mels);
      float* out = values.as<float>() + i * steps * 2 * mels;
      for (int64_t k = 0; k < steps * 2 * mels; ++k) out[k] = std::max(in[k], largest - 8.0F) / 4.0F + 1.0F;
    }
    std::vector<int64_t> sizes;
    for (const Clip& clip : clips) {
      const int64_t encoded = (static_cast<int64_t>(clip.samples.size()) / frames_.hop_length + 1) / 2;
      sizes.push_back((encoded + window_size_ - 1) / window_size_ * (window_size_ / downsample_rate_));
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    inputs.add("audio_embed_sizes", Tensor::from(DType::i64, {rows.batch}, sizes));
    inputs.add("input_features_mask", length_mask(sizes, *std::max_element(sizes.begin(), sizes.end())));
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options() const {
    SpectrogramOptions options;
    options.window = centered_window(make_window(WindowKind::hann, frames_.win_length, true), frames_.n_fft);
    options.hop_length = frames_.hop_length;
    options.fft_length = frames_.n_fft;
    options.edge = EdgePadding::reflect;
    options.edge_samples = frames_.n_fft / 2;
    options.mels = MelOptions{.num_bins = frames_.n_fft / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .max_frequency = static_cast<double>(settings_.sampling_rate / 2),
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::htk};
    options.floor = 1e-10;
    options.log = LogKind::decimal;
    return options;
  }

  SequenceSettings settings_;
  FrameSettings frames_;
  int64_t window_size_;
  int64_t downsample_rate_;
  SpectrogramTransform transform_;
};

}  // namespace

std::shared_ptr<const AudioFamily> make_parakeet(const Json& json) {
  return std::make_shared<Parakeet>(parse_sequence_settings(json, {.feature_size = 80}), json);
}

std::shared_ptr<const AudioFamily> make_lasr(const Json& json) {
  return std::make_shared<Lasr>(parse_sequence_settings(json, {.feature_size = 128}), json);
}

std::shared_ptr<const AudioFamily> make_phi4(const Json& json) {
  return std::make_shared<Phi4>(parse_sequence_settings(json, {.feature_size = 80}), json);
}

std::shared_ptr<const AudioFamily> make_gemma3n(const Json& json) {
  return std::make_shared<Gemma3n>(parse_sequence_settings(json, {.feature_size = 128}), json);
}

std::shared_ptr<const AudioFamily> make_granite_speech(const Json& json) {
  const int64_t mels = json_int(json, "n_mels", 80, 1, kMaxConfiguredMels);
  return std::make_shared<GraniteSpeech>(parse_sequence_settings(json, {.feature_size = mels}), json);
}

}  // namespace accelerate
