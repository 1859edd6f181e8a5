#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/audio/audio.h"
#include "preprocess/audio/sequences.h"
#include "preprocess/model_inputs.h"

namespace accelerate {

/// The arguments of a transformers feature extractor's call; what is absent takes the class's default.
struct AudioOptions {
  std::optional<ClipPadding> padding;
  std::optional<int64_t> max_length;  // in samples, or in frames where transformers pads frames
  std::optional<bool> truncation;
  std::optional<int64_t> pad_to_multiple_of;
  std::optional<bool> return_attention_mask;
  std::optional<bool> do_normalize;
  /// SpeechT5: the mel spectrogram that is a target, in place of the samples that are an input.
  bool as_target = false;
  /// UnivNet: appends pad_end_length hops of padding.
  bool pad_end = false;
  /// What transformers draws at random (CLAP's offsets of long clips), in order: each in [0, 1), the position in the
  /// range drawn from. Missing ones are 0.5, so that the result is deterministic.
  std::vector<double> draws;
};

/// A clip as an extractor takes it: samples [T, channels] at the extractor's rate.
struct Clip {
  std::span<const float> samples;
  int64_t channels = 1;
};

/// One transformers class behind AudioFeatureExtractor. Immutable.
class AudioFamily {
 public:
  virtual ~AudioFamily() = default;
  virtual int64_t sampling_rate() const = 0;
  virtual int64_t num_channels() const { return 1; }
  virtual ModelInputs extract(std::span<const Clip> clips, const AudioOptions& options) const = 0;
};

/// Names of the supported classes, separated by ", ".
std::string supported_feature_extractors();

/// Turns sound into model inputs as the transformers feature extractor of a model folder does. Immutable: one object
/// serves any number of threads. Source: transformers 5.23, models/*/feature_extraction_*.py.
class AudioFeatureExtractor {
 public:
  /// Reads processor_config.json (its "feature_extractor" object) or else preprocessor_config.json; config.json gives
  /// the model type of files that name no class. Errors: not_found if there is neither file; those of parse_json and
  /// from_json.
  static AudioFeatureExtractor from_files(const FileSet& files);

  /// null and absent keys give the class's defaults; unknown keys are ignored. `what` names the file in errors.
  /// Errors: unsupported_model if feature_extractor_type is not supported or not known; invalid_model if a value has
  /// the wrong type, is out of range or contradicts another.
  static AudioFeatureExtractor from_json(const Json& json, std::string_view what, std::string_view model_type = "");

  /// The transformers class, e.g. "WhisperFeatureExtractor".
  const std::string& type() const { return type_; }
  int64_t sampling_rate() const { return family_->sampling_rate(); }
  int64_t num_channels() const { return family_->num_channels(); }

  /// Clips of any rate and channels: mixed to the extractor's channels, then resampled to its rate.
  /// Errors: invalid_argument if there is no clip, a clip is empty or too short for a frame, or the clips cannot form
  /// one batch under the options; those of resample.
  ModelInputs process(std::span<const Audio> clips, const AudioOptions& options = {}) const;
  ModelInputs process(const Audio& clip, const AudioOptions& options = {}) const;

 private:
  AudioFeatureExtractor(std::string type, std::shared_ptr<const AudioFamily> family)
      : type_(std::move(type)), family_(std::move(family)) {}

  std::string type_;
  std::shared_ptr<const AudioFamily> family_;
};

}  // namespace accelerate
