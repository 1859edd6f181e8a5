// Extractors on Kaldi's filter banks: AST, SeamlessM4T, Speech2Text.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/extractors/settings.h"
#include "preprocess/audio/spectrogram.h"

namespace accelerate {
namespace {

constexpr int64_t kFrameSamples = 400;

/// Log filter-bank energies of frames of 400 samples, 160 apart. Source: transformers 5.23, the NumPy forms of
/// _extract_fbank_features, which are those of torchaudio.compliance.kaldi.fbank without dither.
SpectrogramOptions kaldi_options(WindowKind window, int64_t num_mels, int64_t sample_rate, double scale) {
  SpectrogramOptions options;
  options.window = make_window(window, kFrameSamples, false);
  options.hop_length = 160;
  options.fft_length = 512;
  options.input_scale = scale;
  options.remove_mean = true;
  options.pre_emphasis = PreEmphasis::within;
  options.pre_emphasis_factor = 0.97;
  options.mels = MelOptions{.num_bins = 257,
                            .num_mels = num_mels,
                            .min_frequency = 20,
                            .max_frequency = static_cast<double>(sample_rate / 2),
                            .sample_rate = sample_rate,
                            .scale = MelScale::kaldi,
                            .triangles_in_mel_space = true};
  options.floor = 1.192092955078125e-07;
  options.log = LogKind::natural;
  return options;
}

[[noreturn]] void fail_short(size_t clip, size_t samples, int64_t needed) {
  fail(ErrorCode::invalid_argument, "clip {} has {} samples; at least {} are needed", clip, samples, needed);
}

class Ast : public AudioFamily {
 public:
  Ast(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        max_length_(json_int(json, "max_length", 1024, 1, 1 << 20)),
        do_normalize_(json_bool(json, "do_normalize", true)),
        mean_(static_cast<float>(json_number(json, "mean", -4.2677393, -1e6, 1e6))),
        std_(static_cast<float>(2 * json_number(json, "std", 4.5689974, 1e-9, 1e9))),
        transform_(kaldi_options(WindowKind::hann, json_int(json, "num_mel_bins", 128, 1, kMaxConfiguredMels),
                                 settings.sampling_rate, 1.0)) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const auto batch = static_cast<int64_t>(clips.size());
    const int64_t mels = transform_.num_features();
    Tensor values = Tensor::zeros(DType::f32, {batch, max_length_, mels});
    for (size_t i = 0; i < clips.size(); ++i) {
      const auto samples = static_cast<int64_t>(clips[i].samples.size());
      // A clip a little shorter than a frame has no frames, and is all padding.
      if (transform_.num_frames(samples) < 0) fail_short(i, clips[i].samples.size(), kFrameSamples - 160);
      const int64_t needed = kFrameSamples + 160 * (max_length_ - 1);
      const Spectrogram spectrogram = transform_.compute(clips[i].samples.first(std::min(samples, needed)));
      const int64_t frames = std::min(spectrogram.num_frames, max_length_);
      std::copy_n(spectrogram.values.begin(), frames * mels,
                  values.as<float>() + static_cast<int64_t>(i) * max_length_ * mels);
    }
    if (options.do_normalize.value_or(do_normalize_)) {
      for (int64_t k = 0; k < values.num_elements(); ++k) {
        float& value = values.as<float>()[k];
        value = (value - mean_) / std_;
      }
    }
    ModelInputs inputs;
    inputs.add("input_values", values);
    return inputs;
  }

 private:
  SequenceSettings settings_;
  int64_t max_length_;
  bool do_normalize_;
  float mean_;
  float std_;
  SpectrogramTransform transform_;
};

/// The mean and the sum of squared differences of a column of [rows, width].
struct ColumnMoments {
  double mean = 0;
  double squares = 0;

  ColumnMoments(std::span<const float> values, int64_t rows, int64_t width, int64_t column) {
    for (int64_t t = 0; t < rows; ++t) mean += double{values[t * width + column]};
    mean /= static_cast<double>(rows);
    for (int64_t t = 0; t < rows; ++t) {
      const double difference = double{values[t * width + column]} - mean;
      squares += difference * difference;
    }
  }
};

class SeamlessM4T : public AudioFamily {
 public:
  SeamlessM4T(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        stride_(json_int(json, "stride", 2, 1, 64)),
        transform_(kaldi_options(WindowKind::povey, json_int(json, "num_mel_bins", 80, 1, kMaxConfiguredMels),
                                 settings.sampling_rate, 32768.0)) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    std::vector<Spectrogram> spectrograms;
    std::vector<Sequence> sequences;
    const bool normalize = options.do_normalize.value_or(true);
    for (size_t i = 0; i < clips.size(); ++i) {
      Spectrogram spectrogram = transform_.compute(clips[i].samples);
      // The unbiased variance needs two frames.
      const int64_t least = normalize ? 2 : 1;
      if (spectrogram.num_frames < least) fail_short(i, clips[i].samples.size(), kFrameSamples + 160 * (least - 1));
      if (normalize) normalize_mels(spectrogram);
      spectrograms.push_back(std::move(spectrogram));
    }
    for (const Spectrogram& spectrogram : spectrograms)
      sequences.push_back({spectrogram.values, spectrogram.num_features});
    const PaddedSequences rows =
        pad_sequences(sequences, pad_request(settings_, options, ClipPadding::longest, false, std::nullopt, 2));
    const int64_t length = rows.length / stride_;
    Tensor values(DType::f32, {rows.batch, length, rows.width * stride_});
    Tensor mask = Tensor::zeros(DType::i64, {rows.batch, stride_ == 1 ? 0 : length});
    const Tensor steps = rows.mask();
    for (int64_t i = 0; i < rows.batch; ++i) {
      const int64_t row_values = length * stride_ * rows.width;
      std::copy_n(rows.row(i).begin(), row_values, values.as<float>() + i * row_values);
      // transformers keeps the mask of the second frame of each stride.
      for (int64_t t = 0; t < mask.dim(1); ++t) {
        mask.as<int64_t>()[i * length + t] = steps.as<int64_t>()[i * rows.length + t * stride_ + 1];
      }
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    if (options.return_attention_mask.value_or(settings_.return_attention_mask)) inputs.add("attention_mask", mask);
    return inputs;
  }

 private:
  static void normalize_mels(Spectrogram& spectrogram) {
    const int64_t width = spectrogram.num_features;
    const int64_t rows = spectrogram.num_frames;
    for (int64_t m = 0; m < width; ++m) {
      const ColumnMoments moments(spectrogram.values, rows, width, m);
      const double scale = 1.0 / std::sqrt(moments.squares / static_cast<double>(rows - 1) + 1e-7);
      for (int64_t t = 0; t < rows; ++t) {
        float& value = spectrogram.values[t * width + m];
        value = static_cast<float>((double{value} - moments.mean) * scale);
      }
    }
  }

  SequenceSettings settings_;
  int64_t stride_;
  SpectrogramTransform transform_;
};

class SpeechToText : public AudioFamily {
 public:
  SpeechToText(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        normalize_(json_bool(json, "do_ceptral_normalize", true)),
        means_(json_bool(json, "normalize_means", true)),
        variances_(json_bool(json, "normalize_vars", true)),
        transform_(kaldi_options(WindowKind::povey, json_int(json, "num_mel_bins", 80, 1, kMaxConfiguredMels),
                                 settings.sampling_rate, 32768.0)) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    std::vector<Spectrogram> spectrograms;
    std::vector<Sequence> sequences;
    for (size_t i = 0; i < clips.size(); ++i) {
      spectrograms.push_back(transform_.compute(clips[i].samples));
      if (spectrograms.back().num_frames < 1) fail_short(i, clips[i].samples.size(), kFrameSamples);
    }
    for (const Spectrogram& spectrogram : spectrograms)
      sequences.push_back({spectrogram.values, spectrogram.num_features});
    PaddedSequences rows = pad_sequences(sequences, pad_request(settings_, options, ClipPadding::none, false));
    if (options.do_normalize.value_or(normalize_)) {
      for (int64_t i = 0; i < rows.batch; ++i) normalize_utterance(rows.row(i), rows.lengths[i], rows.width);
    }
    ModelInputs inputs;
    inputs.add("input_features", f32_tensor({rows.batch, rows.length, rows.width}, rows.values));
    if (options.return_attention_mask.value_or(true)) inputs.add("attention_mask", rows.mask());
    return inputs;
  }

 private:
  /// Bins without variance become 0, where transformers divides zero by zero.
  void normalize_utterance(std::span<float> row, int64_t length, int64_t width) const {
    const int64_t steps = static_cast<int64_t>(row.size()) / width;
    for (int64_t m = 0; m < width; ++m) {
      const ColumnMoments moments(row, length, width, m);
      const double deviation = std::sqrt(moments.squares / static_cast<double>(length));
      const double scale = !variances_ ? 1.0 : deviation > 0 ? 1.0 / deviation : 0.0;
      for (int64_t t = 0; t < length; ++t) {
        float& value = row[t * width + m];
        value = static_cast<float>((double{value} - (means_ ? moments.mean : 0.0)) * scale);
      }
      for (int64_t t = length; t < steps; ++t) row[t * width + m] = settings_.padding_value;
    }
  }

  SequenceSettings settings_;
  bool normalize_;
  bool means_;
  bool variances_;
  SpectrogramTransform transform_;
};

}  // namespace

std::shared_ptr<const AudioFamily> make_ast(const Json& json) {
  return std::make_shared<Ast>(parse_sequence_settings(json, {.return_attention_mask = false}), json);
}

std::shared_ptr<const AudioFamily> make_seamless_m4t(const Json& json) {
  return std::make_shared<SeamlessM4T>(parse_sequence_settings(json, {.feature_size = 80}), json);
}

std::shared_ptr<const AudioFamily> make_speech_to_text(const Json& json) {
  return std::make_shared<SpeechToText>(parse_sequence_settings(json, {.feature_size = 80}), json);
}

}  // namespace accelerate
