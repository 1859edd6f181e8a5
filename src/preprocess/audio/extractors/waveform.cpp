// Extractors that give samples: Wav2Vec2, SpeechT5, EnCodec, DAC, Dia.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/extractors/settings.h"
#include "preprocess/audio/spectrogram.h"

namespace accelerate {
namespace {

class Wav2Vec2 : public AudioFamily {
 public:
  Wav2Vec2(const SequenceSettings& settings, bool do_normalize) : settings_(settings), do_normalize_(do_normalize) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const PadRequest request = pad_request(settings_, options, ClipPadding::none, false);
    PaddedSequences rows = pad_sequences(sequences_of(clips), request);
    const bool masked = options.return_attention_mask.value_or(settings_.return_attention_mask);
    if (options.do_normalize.value_or(do_normalize_)) {
      normalize_rows(rows, masked && request.padding != ClipPadding::none, settings_.padding_value);
    }
    ModelInputs inputs;
    inputs.add("input_values", f32_tensor({rows.batch, rows.length}, rows.values));
    if (masked) inputs.add("attention_mask", rows.mask());
    return inputs;
  }

 protected:
  SequenceSettings settings_;

 private:
  bool do_normalize_;
};

/// Samples as Wav2Vec2, and the log-mel spectrogram of a target.
class SpeechT5 : public Wav2Vec2 {
 public:
  SpeechT5(const SequenceSettings& settings, bool do_normalize, SpectrogramOptions options)
      : Wav2Vec2(settings, do_normalize), transform_(std::move(options)) {}

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    if (!options.as_target) return Wav2Vec2::extract(clips, options);
    std::vector<Spectrogram> spectrograms;
    std::vector<Sequence> sequences;
    for (const Clip& clip : clips) spectrograms.push_back(transform_.compute(clip.samples));
    for (const Spectrogram& spectrogram : spectrograms)
      sequences.push_back({spectrogram.values, spectrogram.num_features});
    const PaddedSequences rows = pad_sequences(sequences, pad_request(settings_, options, ClipPadding::none, false));
    ModelInputs inputs;
    inputs.add("input_values", f32_tensor({rows.batch, rows.length, rows.width}, rows.values));
    if (options.return_attention_mask.value_or(settings_.return_attention_mask))
      inputs.add("attention_mask", rows.mask());
    return inputs;
  }

 private:
  SpectrogramTransform transform_;
};

void refuse_padding_with_truncation(const AudioOptions& options) {
  const bool pads = options.padding && *options.padding != ClipPadding::none;
  if (pads && options.truncation.value_or(false)) {
    fail(ErrorCode::invalid_argument, "both padding and truncation are given; choose one");
  }
}

/// values [B, channels, T] and the mask.
ModelInputs codec_inputs(const PaddedSequences& rows, bool masked) {
  Tensor values(DType::f32, {rows.batch, rows.width, rows.length});
  for (int64_t i = 0; i < rows.batch; ++i) {
    const std::span<const float> row = rows.row(i);
    float* out = values.as<float>() + i * rows.width * rows.length;
    for (int64_t c = 0; c < rows.width; ++c) {
      for (int64_t t = 0; t < rows.length; ++t) out[c * rows.length + t] = row[t * rows.width + c];
    }
  }
  ModelInputs inputs;
  inputs.add("input_values", values);
  if (masked) inputs.add("padding_mask", rows.mask());
  return inputs;
}

class Encodec : public AudioFamily {
 public:
  Encodec(const SequenceSettings& settings, std::optional<int64_t> chunk_length, std::optional<int64_t> chunk_stride)
      : settings_(settings), chunk_length_(chunk_length), chunk_stride_(chunk_stride) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }
  int64_t num_channels() const override { return settings_.feature_size; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    refuse_padding_with_truncation(options);
    PadRequest request = pad_request(settings_, options, ClipPadding::longest, false);
    const std::vector<Sequence> sequences = sequences_of(clips);
    if (chunk_length_ && chunk_stride_ && !options.max_length && request.padding != ClipPadding::none) {
      // A whole number of chunks.
      const auto shorter = [](const Sequence& a, const Sequence& b) { return a.length() < b.length(); };
      const auto [least, most] = std::minmax_element(sequences.begin(), sequences.end(), shorter);
      const int64_t steps = request.truncation ? least->length() / *chunk_stride_
                                               : (most->length() + *chunk_stride_ - 1) / *chunk_stride_;
      request.max_length = (steps - 1) * *chunk_stride_ + *chunk_length_;
      if (!request.truncation) request.padding = ClipPadding::max_length;
    }
    return codec_inputs(pad_sequences(sequences, request), request.padding != ClipPadding::none);
  }

 private:
  SequenceSettings settings_;
  std::optional<int64_t> chunk_length_;
  std::optional<int64_t> chunk_stride_;
};

class Dac : public AudioFamily {
 public:
  Dac(const SequenceSettings& settings, int64_t hop_length, bool always_masked)
      : settings_(settings), hop_length_(hop_length), always_masked_(always_masked) {}
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    refuse_padding_with_truncation(options);
    const PadRequest request = pad_request(settings_, options, ClipPadding::longest, false, std::nullopt, hop_length_);
    return codec_inputs(pad_sequences(sequences_of(clips), request),
                        always_masked_ || request.padding != ClipPadding::none);
  }

 private:
  SequenceSettings settings_;
  int64_t hop_length_;
  bool always_masked_;
};

std::optional<double> optional_number(const Json& json, std::string_view key, double min, double max) {
  const auto found = json.find(std::string(key));
  if (found == json.end() || found->is_null()) return std::nullopt;
  return json_number(json, key, 0, min, max);
}

}  // namespace

std::shared_ptr<const AudioFamily> make_wav2vec2(const Json& json) {
  const SequenceSettings settings = parse_sequence_settings(json, {.return_attention_mask = false});
  return std::make_shared<Wav2Vec2>(settings, json_bool(json, "do_normalize", true));
}

std::shared_ptr<const AudioFamily> make_speecht5(const Json& json) {
  const SequenceSettings settings = parse_sequence_settings(json, {});
  const int64_t rate = settings.sampling_rate;
  const int64_t frame = json_int(json, "win_length", 64, 1, 10'000) * rate / 1000;
  SpectrogramOptions options;
  options.hop_length = json_int(json, "hop_length", 16, 1, 10'000) * rate / 1000;
  if (frame < 2 || frame > kMaxConfiguredFrame) {
    fail(ErrorCode::invalid_model, "win_length gives frames of {} samples; expected 2 to {}", frame,
         kMaxConfiguredFrame);
  }
  options.window = make_window(json_window(json, "win_function", WindowKind::hann), frame, true);
  options.fft_length = 1;
  while (options.fft_length < frame) options.fft_length *= 2;
  options.edge = EdgePadding::reflect;
  options.edge_samples = frame / 2;
  options.power = 1;
  options.mels = MelOptions{.num_bins = options.fft_length / 2 + 1,
                            .num_mels = json_int(json, "num_mel_bins", 80, 1, kMaxConfiguredMels),
                            .min_frequency = json_number(json, "fmin", 80, 0, 1e6),
                            .max_frequency = json_number(json, "fmax", 7600, 0, 1e6),
                            .sample_rate = rate,
                            .scale = MelScale::slaney,
                            .slaney_norm = true};
  options.floor = json_number(json, "mel_floor", 1e-10, 1e-30, 1e30);
  options.log = LogKind::decimal;
  return std::make_shared<SpeechT5>(settings, json_bool(json, "do_normalize", false), std::move(options));
}

std::shared_ptr<const AudioFamily> make_encodec(const Json& json) {
  const SequenceSettings settings = parse_sequence_settings(json, {.sampling_rate = 24000});
  if (settings.feature_size > 2) {
    fail(ErrorCode::invalid_model, "feature_size is {}; expected 1 (mono) or 2 (stereo)", settings.feature_size);
  }
  const std::optional<double> seconds = optional_number(json, "chunk_length_s", 1e-3, 1e3);
  const std::optional<double> overlap = optional_number(json, "overlap", 0, 0.999);
  std::optional<int64_t> chunk;
  std::optional<int64_t> stride;
  if (seconds) chunk = static_cast<int64_t>(*seconds * static_cast<double>(settings.sampling_rate));
  if (chunk && overlap) {
    stride = std::max<int64_t>(1, static_cast<int64_t>((1.0 - *overlap) * static_cast<double>(*chunk)));
  }
  return std::make_shared<Encodec>(settings, chunk, stride);
}

std::shared_ptr<const AudioFamily> make_dac(const Json& json) {
  const SequenceSettings settings = parse_sequence_settings(json, {});
  if (settings.feature_size != 1) {
    fail(ErrorCode::invalid_model, "feature_size is {}; expected 1 (mono)", settings.feature_size);
  }
  return std::make_shared<Dac>(settings, json_int(json, "hop_length", 512, 1, 1 << 20), false);
}

std::shared_ptr<const AudioFamily> make_dia(const Json& json) {
  return std::make_shared<Dac>(parse_sequence_settings(json, {}), json_int(json, "hop_length", 512, 1, 1 << 20), true);
}

}  // namespace accelerate
