// Extractors that give a log-mel spectrogram of padded samples: Whisper, CLVP, UnivNet.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/extractors/settings.h"
#include "preprocess/audio/spectrogram.h"

namespace accelerate {
namespace {

/// Frames of n_fft samples about every hop-th sample, reflected at the ends.
SpectrogramOptions centered_options(int64_t n_fft, int64_t hop_length) {
  SpectrogramOptions options;
  options.window = make_window(WindowKind::hann, n_fft, true);
  options.hop_length = hop_length;
  options.fft_length = n_fft;
  options.edge = EdgePadding::reflect;
  options.edge_samples = n_fft / 2;
  return options;
}

/// [frames, features] -> the first `frames` columns of [features, frames].
void transpose(const Spectrogram& spectrogram, int64_t frames, float* out) {
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t m = 0; m < spectrogram.num_features; ++m) {
      out[m * frames + t] = spectrogram.values[t * spectrogram.num_features + m];
    }
  }
}

int64_t clip_samples(const Json& json, std::string_view key, int64_t fallback, int64_t rate) {
  return json_int(json, key, fallback, 1, kMaxConfiguredSamples / rate) * rate;
}

class Whisper : public AudioFamily {
 public:
  Whisper(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        n_fft_(json_int(json, "n_fft", 400, 2, kMaxConfiguredFrame)),
        hop_length_(json_int(json, "hop_length", 160, 1, kMaxConfiguredFrame)),
        num_samples_(clip_samples(json, "chunk_length", 30, settings.sampling_rate)),
        transform_(spectrogram_options()) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    PadRequest request = pad_request(settings_, options, ClipPadding::max_length, true, num_samples_);
    PaddedSequences rows = pad_sequences(sequences_of(clips), request);
    const bool frame_mask = options.return_attention_mask.value_or(false);
    const bool normalize = options.do_normalize.value_or(false);
    if (normalize) normalize_rows(rows, true, settings_.padding_value);
    if (rows.length <= n_fft_ / 2) {
      fail(ErrorCode::invalid_argument, "a clip of {} samples; at least {} are needed, or padding to max_length",
           rows.length, n_fft_ / 2 + 1);
    }
    const int64_t mels = transform_.num_features();
    const int64_t frames = transform_.num_frames(rows.length) - 1;
    Tensor values(DType::f32, {rows.batch, mels, frames});
    for (int64_t i = 0; i < rows.batch; ++i) {
      Spectrogram spectrogram = transform_.compute(rows.row(i));
      spectrogram.values.resize(static_cast<size_t>(frames * mels));
      float largest = -10;
      for (const float value : spectrogram.values) largest = std::max(largest, value);
      for (float& value : spectrogram.values) value = (std::max(value, largest - 8.0F) + 4.0F) / 4.0F;
      transpose(spectrogram, frames, values.as<float>() + i * mels * frames);
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    // transformers rescales the mask to frames only if the call asks for it; the class's own is of samples.
    if (frame_mask) {
      inputs.add("attention_mask", every_hop(rows.mask()));
    } else if (options.do_normalize.value_or(settings_.return_attention_mask)) {
      inputs.add("attention_mask", rows.mask());
    }
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options() const {
    SpectrogramOptions options = centered_options(n_fft_, hop_length_);
    options.mels = MelOptions{.num_bins = n_fft_ / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .max_frequency = 8000,
                              .sample_rate = settings_.sampling_rate,
                              .scale = MelScale::slaney,
                              .slaney_norm = true};
    options.floor = 1e-10;
    options.log = LogKind::decimal;
    return options;
  }

  Tensor every_hop(const Tensor& mask) const {
    const int64_t length = mask.dim(1);
    const int64_t frames = length / hop_length_;
    Tensor out(DType::i64, {mask.dim(0), frames});
    for (int64_t i = 0; i < mask.dim(0); ++i) {
      for (int64_t t = 0; t < frames; ++t) {
        out.as<int64_t>()[i * frames + t] = mask.as<int64_t>()[i * length + t * hop_length_];
      }
    }
    return out;
  }

  SequenceSettings settings_;
  int64_t n_fft_;
  int64_t hop_length_;
  int64_t num_samples_;
  SpectrogramTransform transform_;
};

class Clvp : public AudioFamily {
 public:
  Clvp(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        num_samples_(clip_samples(json, "default_audio_length", 6, settings.sampling_rate)),
        norms_(json_numbers(json, "mel_norms", settings.feature_size)),
        transform_(spectrogram_options(settings, json)) {
    for (const double norm : norms_) {
      if (norm == 0) fail(ErrorCode::invalid_model, "mel_norms holds 0; expected divisors");
    }
  }
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const PadRequest request = pad_request(settings_, options, ClipPadding::max_length, true, num_samples_);
    const PaddedSequences rows = pad_sequences(sequences_of(clips), request);
    const int64_t mels = transform_.num_features();
    const int64_t frames = transform_.num_frames(rows.length);
    Tensor values(DType::f32, {rows.batch, mels, frames});
    for (int64_t i = 0; i < rows.batch; ++i) {
      Spectrogram spectrogram = transform_.compute(rows.row(i));
      for (size_t k = 0; k < spectrogram.values.size() && !norms_.empty(); ++k) {
        float& value = spectrogram.values[k];
        value = static_cast<float>(double{value} / norms_[k % norms_.size()]);
      }
      transpose(spectrogram, frames, values.as<float>() + i * mels * frames);
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    if (options.return_attention_mask.value_or(true)) inputs.add("attention_mask", rows.mask());
    return inputs;
  }

 private:
  static SpectrogramOptions spectrogram_options(const SequenceSettings& settings, const Json& json) {
    const int64_t n_fft = json_int(json, "n_fft", 1024, 2, kMaxConfiguredFrame);
    SpectrogramOptions options = centered_options(n_fft, json_int(json, "hop_length", 256, 1, kMaxConfiguredFrame));
    options.mels = MelOptions{.num_bins = n_fft / 2 + 1,
                              .num_mels = settings.feature_size,
                              .max_frequency = 8000,
                              .sample_rate = settings.sampling_rate,
                              .scale = MelScale::htk,
                              .slaney_norm = true};
    options.floor = 1e-5;
    options.log = LogKind::natural;
    return options;
  }

  SequenceSettings settings_;
  int64_t num_samples_;
  std::vector<double> norms_;
  SpectrogramTransform transform_;
};

/// Without noise_sequence, which is a random input of the model: standard normal values [B, frames, model_in_channels].
class UnivNet : public AudioFamily {
 public:
  UnivNet(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        num_samples_(clip_samples(json, "max_length_s", 10, settings.sampling_rate)),
        hop_length_(json_int(json, "hop_length", 256, 1, kMaxConfiguredFrame)),
        pad_end_samples_(json_int(json, "pad_end_length", 10, 0, 10'000) * hop_length_),
        do_normalize_(json_bool(json, "do_normalize", false)),
        min_(static_cast<float>(json_number(json, "normalize_min", -11.512925148010254, -1e6, 1e6))),
        max_(static_cast<float>(json_number(json, "normalize_max", 2.3143386840820312, -1e6, 1e6))),
        transform_(spectrogram_options(json)) {
    if (!(max_ > min_)) fail(ErrorCode::invalid_model, "normalize_max {} is not above normalize_min {}", max_, min_);
  }
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    std::vector<std::vector<float>> longer;
    std::vector<Sequence> sequences = sequences_of(clips);
    if (options.pad_end) {
      longer.reserve(clips.size());
      for (Sequence& sequence : sequences) {
        std::vector<float>& samples = longer.emplace_back(sequence.values.begin(), sequence.values.end());
        samples.resize(samples.size() + static_cast<size_t>(pad_end_samples_), settings_.padding_value);
        sequence.values = samples;
      }
    }
    const PadRequest request = pad_request(settings_, options, ClipPadding::longest, true, num_samples_);
    const PaddedSequences rows = pad_sequences(sequences, request);
    const int64_t frames = transform_.num_frames(rows.length);
    if (frames < 1) {
      fail(ErrorCode::invalid_argument, "a clip of {} samples is shorter than {}, one hop", rows.length, hop_length_);
    }
    Tensor values(DType::f32, {rows.batch, frames, transform_.num_features()});
    float* out = values.as<float>();
    for (int64_t i = 0; i < rows.batch; ++i) {
      const Spectrogram spectrogram = transform_.compute(rows.row(i));
      for (const float value : spectrogram.values) {
        *out++ = options.do_normalize.value_or(do_normalize_) ? 2 * ((value - min_) / (max_ - min_)) - 1 : value;
      }
    }
    ModelInputs inputs;
    inputs.add("input_features", values);
    if (options.return_attention_mask.value_or(settings_.return_attention_mask))
      inputs.add("padding_mask", rows.mask());
    return inputs;
  }

 private:
  SpectrogramOptions spectrogram_options(const Json& json) const {
    const int64_t frame = json_int(json, "win_length", 1024, 2, kMaxConfiguredFrame);
    const int64_t n_fft = json_int(json, "filter_length", frame, 2, kMaxConfiguredFrame);
    if (frame != n_fft || json_bool(json, "center", false) || hop_length_ > n_fft) {
      fail(ErrorCode::invalid_model,
           "win_length {}, filter_length {}, hop_length {}; expected equal lengths of at least "
           "the hop, and center false",
           frame, n_fft, hop_length_);
    }
    SpectrogramOptions options;
    options.window = make_window(json_window(json, "win_function", WindowKind::hann), n_fft, true);
    options.hop_length = hop_length_;
    options.fft_length = n_fft;
    options.edge = EdgePadding::reflect;
    options.edge_samples = (n_fft - hop_length_) / 2;
    options.power = 1;
    options.magnitude_floor = json_number(json, "mel_floor", 1e-9, 0, 1e30);
    options.mels =
        MelOptions{.num_bins = n_fft / 2 + 1,
                   .num_mels = json_int(json, "num_mel_bins", 100, 1, kMaxConfiguredMels),
                   .min_frequency = json_number(json, "fmin", 0, 0, 1e6),
                   .max_frequency = json_number(json, "fmax", static_cast<double>(settings_.sampling_rate) / 2, 0, 1e6),
                   .sample_rate = settings_.sampling_rate,
                   .scale = MelScale::slaney,
                   .slaney_norm = true};
    options.floor = json_number(json, "compression_clip_val", 1e-5, 1e-30, 1e30);
    options.gain = json_number(json, "compression_factor", 1, 1e-30, 1e30);
    options.log = LogKind::natural;
    return options;
  }

  SequenceSettings settings_;
  int64_t num_samples_;
  int64_t hop_length_;
  int64_t pad_end_samples_;
  bool do_normalize_;
  float min_;
  float max_;
  SpectrogramTransform transform_;
};

}  // namespace

std::shared_ptr<const AudioFamily> make_whisper(const Json& json) {
  return std::make_shared<Whisper>(parse_sequence_settings(json, {.feature_size = 80, .return_attention_mask = false}),
                                   json);
}

std::shared_ptr<const AudioFamily> make_clvp(const Json& json) {
  const SequenceSettings defaults = {.feature_size = 80, .sampling_rate = 22050, .return_attention_mask = false};
  return std::make_shared<Clvp>(parse_sequence_settings(json, defaults), json);
}

std::shared_ptr<const AudioFamily> make_univnet(const Json& json) {
  return std::make_shared<UnivNet>(parse_sequence_settings(json, {.sampling_rate = 24000}), json);
}

}  // namespace accelerate
