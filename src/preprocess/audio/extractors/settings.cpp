#include "preprocess/audio/extractors/settings.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"

namespace accelerate {

double json_number(const Json& json, std::string_view key, double fallback, double min, double max) {
  const double value = json_double(json, key, fallback);
  if (!(value >= min && value <= max)) {
    fail(ErrorCode::invalid_model, "{} is {}; expected {} to {}", key, value, min, max);
  }
  return value;
}

std::vector<double> json_numbers(const Json& json, std::string_view key, int64_t count) {
  const auto found = json.find(std::string(key));
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_array() || static_cast<int64_t>(found->size()) != count) {
    fail(ErrorCode::invalid_model, "{} is {}; expected a list of {} numbers", key, printable(found->dump()), count);
  }
  std::vector<double> values;
  for (const Json& item : *found) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) {
      fail(ErrorCode::invalid_model, "{} holds {}; expected a finite number", key, printable(item.dump()));
    }
    values.push_back(item.get<double>());
  }
  return values;
}

WindowKind json_window(const Json& json, std::string_view key, WindowKind fallback) {
  const std::string name = json_string(json, key, std::string());
  if (name.empty()) return fallback;
  if (name == "boxcar") return WindowKind::boxcar;
  if (name == "hann" || name == "hann_window") return WindowKind::hann;
  if (name == "hamming" || name == "hamming_window") return WindowKind::hamming;
  if (name == "povey") return WindowKind::povey;
  fail(ErrorCode::invalid_model, "{} is \"{}\"; expected boxcar, hann, hamming or povey", key, printable(name));
}

SequenceSettings parse_sequence_settings(const Json& json, const SequenceSettings& defaults) {
  SequenceSettings settings = defaults;
  settings.feature_size = json_int(json, "feature_size", defaults.feature_size, 1, kMaxConfiguredMels);
  settings.sampling_rate = json_int(json, "sampling_rate", defaults.sampling_rate, 100, 768'000);
  settings.padding_value =
      static_cast<float>(json_number(json, "padding_value", double{defaults.padding_value}, -1e30, 1e30));
  settings.return_attention_mask = json_bool(json, "return_attention_mask", defaults.return_attention_mask);
  const std::string side = json_string(json, "padding_side", std::string("right"));
  if (side != "right" && side != "left") {
    fail(ErrorCode::invalid_model, "padding_side is \"{}\"; expected left or right", printable(side));
  }
  settings.pad_left = side == "left";
  return settings;
}

PadRequest pad_request(const SequenceSettings& settings, const AudioOptions& options, ClipPadding padding,
                       bool truncation, std::optional<int64_t> max_length, std::optional<int64_t> pad_to_multiple_of) {
  PadRequest request;
  request.padding = options.padding.value_or(padding);
  request.max_length = options.max_length ? options.max_length : max_length;
  request.truncation = options.truncation.value_or(truncation);
  request.pad_to_multiple_of = options.pad_to_multiple_of ? options.pad_to_multiple_of : pad_to_multiple_of;
  request.value = settings.padding_value;
  request.left = settings.pad_left;
  return request;
}

std::vector<Sequence> sequences_of(std::span<const Clip> clips) {
  std::vector<Sequence> sequences;
  for (const Clip& clip : clips) sequences.push_back({clip.samples, clip.channels});
  return sequences;
}

Tensor f32_tensor(std::vector<int64_t> shape, std::span<const float> values) {
  Tensor tensor(DType::f32, std::move(shape));
  if (tensor.num_elements() != static_cast<int64_t>(values.size())) {
    fail(ErrorCode::internal, "{} values for a tensor of {}", values.size(), to_string(tensor.shape()));
  }
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}

}  // namespace accelerate
