#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/extractors/settings.h"
#include "preprocess/audio/spectrogram.h"

namespace accelerate {
namespace {

/// The draws of a call, in order; 0.5 after the last.
class Draws {
 public:
  explicit Draws(std::span<const double> values) : values_(values) {}
  /// An index in [0, count).
  int64_t next(int64_t count) {
    const double draw = at_ < values_.size() ? values_[at_++] : 0.5;
    return std::clamp<int64_t>(static_cast<int64_t>(draw * static_cast<double>(count)), 0, count - 1);
  }

 private:
  std::span<const double> values_;
  size_t at_ = 0;
};

/// Rows of a spectrogram stretched to `frames` by linear interpolation, as
/// torch.nn.functional.interpolate(mode="bilinear", align_corners=False). out [frames, features]
void shrink_frames(const Spectrogram& mel, int64_t frames, float* out) {
  const float scale = static_cast<float>(mel.num_frames) / static_cast<float>(frames);
  for (int64_t t = 0; t < frames; ++t) {
    const float position = std::max(0.0F, scale * (static_cast<float>(t) + 0.5F) - 0.5F);
    const auto low = std::min(static_cast<int64_t>(position), mel.num_frames - 1);
    const int64_t high = std::min(low + 1, mel.num_frames - 1);
    const float weight = position - static_cast<float>(low);
    for (int64_t m = 0; m < mel.num_features; ++m) {
      *out++ =
          (1.0F - weight) * mel.values[low * mel.num_features + m] + weight * mel.values[high * mel.num_features + m];
    }
  }
}

class Clap : public AudioFamily {
 public:
  Clap(const SequenceSettings& settings, const Json& json)
      : settings_(settings),
        hop_length_(json_int(json, "hop_length", 480, 1, kMaxConfiguredFrame)),
        num_samples_(json_int(json, "max_length_s", 10, 1, kMaxConfiguredSamples / settings.sampling_rate) *
                     settings.sampling_rate),
        fusion_(parse_truncation(json)),
        padding_(json_string(json, "padding", std::string("repeatpad"))),
        transform_(spectrogram_options(json)) {
    if (fusion_ && settings.feature_size != 64) {
      fail(ErrorCode::invalid_model, "truncation \"fusion\" with feature_size {}; expected 64", settings.feature_size);
    }
  }
  int64_t sampling_rate() const override { return settings_.sampling_rate; }

  ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const override {
    const int64_t max_length = options.max_length.value_or(num_samples_);
    if (max_length < 1 || max_length > kMaxConfiguredSamples) {
      fail(ErrorCode::invalid_argument, "max_length is {}; expected 1 to {}", max_length, kMaxConfiguredSamples);
    }
    const bool repeats = options.padding.value_or(ClipPadding::longest) != ClipPadding::none;
    const auto batch = static_cast<int64_t>(clips.size());
    const int64_t frames = transform_.num_frames(max_length);
    const int64_t views = fusion_ ? 4 : 1;
    const int64_t view_values = frames * transform_.num_features();
    Draws draws(options.draws);
    Tensor values(DType::f32, {batch, views, frames, transform_.num_features()});
    Tensor longer = Tensor::zeros(DType::boolean, {batch, 1});
    bool any_longer = false;
    for (int64_t i = 0; i < batch; ++i) {
      const std::span<const float> samples = clips[static_cast<size_t>(i)].samples;
      float* out = values.as<float>() + i * views * view_values;
      bool& is_longer = longer.as<bool>()[i];
      if (static_cast<int64_t>(samples.size()) > max_length) {
        is_longer = fusion_ ? fuse(samples, frames, draws, out) : crop(samples, max_length, draws, out);
      } else {
        std::vector<float> filled = fill(samples, max_length, repeats);
        const Spectrogram mel = transform_.compute(filled);
        for (int64_t view = 0; view < views; ++view)
          std::copy(mel.values.begin(), mel.values.end(), out + view * view_values);
      }
      any_longer = any_longer || is_longer;
    }
    if (fusion_ && !any_longer) longer.as<bool>()[draws.next(batch)] = true;
    ModelInputs inputs;
    inputs.add("input_features", values);
    inputs.add("is_longer", longer);
    return inputs;
  }

 private:
  static bool parse_truncation(const Json& json) {
    const std::string name = json_string(json, "truncation", std::string("fusion"));
    if (name != "fusion" && name != "rand_trunc") {
      fail(ErrorCode::invalid_model, "truncation is \"{}\"; expected fusion or rand_trunc", printable(name));
    }
    return name == "fusion";
  }

  SpectrogramOptions spectrogram_options(const Json& json) const {
    const int64_t n_fft = json_int(json, "fft_window_size", 1024, 2, kMaxConfiguredFrame);
    SpectrogramOptions options;
    options.window = make_window(WindowKind::hann, n_fft, true);
    options.hop_length = hop_length_;
    options.fft_length = n_fft;
    options.edge = EdgePadding::reflect;
    options.edge_samples = n_fft / 2;
    options.mels = MelOptions{.num_bins = n_fft / 2 + 1,
                              .num_mels = settings_.feature_size,
                              .min_frequency = json_number(json, "frequency_min", 0, 0, 1e6),
                              .max_frequency = json_number(json, "frequency_max", 14000, 0, 1e6),
                              .sample_rate = settings_.sampling_rate,
                              .scale = fusion_ ? MelScale::htk : MelScale::slaney,
                              .slaney_norm = !fusion_};
    options.floor = 1e-10;
    options.log = LogKind::decibel;
    return options;
  }

  /// The clip repeated as the class's padding says, then zeros.
  std::vector<float> fill(std::span<const float> samples, int64_t max_length, bool repeats) const {
    std::vector<float> filled(samples.begin(), samples.end());
    const int64_t times = max_length / static_cast<int64_t>(samples.size());
    const int64_t copies = !repeats ? 1 : padding_ == "repeat" ? times + 1 : padding_ == "repeatpad" ? times : 1;
    for (int64_t copy = 1; copy < copies; ++copy) filled.insert(filled.end(), samples.begin(), samples.end());
    filled.resize(static_cast<size_t>(max_length), 0.0F);
    return filled;
  }

  bool crop(std::span<const float> samples, int64_t max_length, Draws& draws, float* out) const {
    const int64_t overflow = static_cast<int64_t>(samples.size()) - max_length;
    const int64_t start = draws.next(overflow + 1);
    const Spectrogram mel =
        transform_.compute(samples.subspan(static_cast<size_t>(start), static_cast<size_t>(max_length)));
    std::copy(mel.values.begin(), mel.values.end(), out);
    return true;
  }

  /// The whole clip shrunk, and a chunk from each third of the possible offsets. False if the clip has just the frames.
  bool fuse(std::span<const float> samples, int64_t frames, Draws& draws, float* out) const {
    const Spectrogram mel = transform_.compute(samples);
    const int64_t width = mel.num_features;
    const int64_t view_values = frames * width;
    if (mel.num_frames == frames) {
      for (int64_t view = 0; view < 4; ++view)
        std::copy(mel.values.begin(), mel.values.end(), out + view * view_values);
      return false;
    }
    shrink_frames(mel, frames, out);
    const int64_t offsets = mel.num_frames - frames + 1;
    int64_t first = 0;
    for (int64_t third = 0; third < 3; ++third) {
      const int64_t count = offsets / 3 + (third < offsets % 3 ? 1 : 0);
      // An empty third means offset 0.
      const int64_t offset = (count == 0 ? 0 : first) + draws.next(std::max<int64_t>(count, 1));
      std::copy_n(mel.values.begin() + offset * width, view_values, out + (third + 1) * view_values);
      first += count;
    }
    return true;
  }

  SequenceSettings settings_;
  int64_t hop_length_;
  int64_t num_samples_;
  bool fusion_;
  std::string padding_;
  SpectrogramTransform transform_;
};

}  // namespace

std::shared_ptr<const AudioFamily> make_clap(const Json& json) {
  const SequenceSettings defaults = {.feature_size = 64, .sampling_rate = 48000, .return_attention_mask = false};
  return std::make_shared<Clap>(parse_sequence_settings(json, defaults), json);
}

}  // namespace accelerate
