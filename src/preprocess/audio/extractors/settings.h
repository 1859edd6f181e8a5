#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "preprocess/audio/feature_extractor.h"
#include "preprocess/audio/mel_filters.h"

namespace accelerate {

/// What every sequence feature extractor has.
struct SequenceSettings {
  int64_t feature_size = 1;
  int64_t sampling_rate = 16000;
  float padding_value = 0;
  bool pad_left = false;
  bool return_attention_mask = true;
};

/// The file's values over the class's. Errors: invalid_model.
SequenceSettings parse_sequence_settings(const Json& json, const SequenceSettings& defaults);

/// A number that may also be an integer, in [min, max]. Errors: invalid_model.
double json_number(const Json& json, std::string_view key, double fallback, double min, double max);
/// A list of numbers; empty if absent or null. Errors: invalid_model unless it has `count` finite numbers.
std::vector<double> json_numbers(const Json& json, std::string_view key, int64_t count);
/// A window by its transformers name. Errors: invalid_model.
WindowKind json_window(const Json& json, std::string_view key, WindowKind fallback);

/// The largest clip that a setting may ask for, in samples.
constexpr int64_t kMaxConfiguredSamples = int64_t{1} << 27;
/// The longest frame, hop and transform that a setting may ask for, in samples.
constexpr int64_t kMaxConfiguredFrame = int64_t{1} << 16;
constexpr int64_t kMaxConfiguredMels = 2048;

/// The options of a call over the class's defaults.
PadRequest pad_request(const SequenceSettings& settings, const AudioOptions& options, ClipPadding padding,
                       bool truncation, std::optional<int64_t> max_length = std::nullopt,
                       std::optional<int64_t> pad_to_multiple_of = std::nullopt);

/// The clips' samples as sequences of width `channels`.
std::vector<Sequence> sequences_of(std::span<const Clip> clips);

/// f32 tensor with these values.
Tensor f32_tensor(std::vector<int64_t> shape, std::span<const float> values);

}  // namespace accelerate
