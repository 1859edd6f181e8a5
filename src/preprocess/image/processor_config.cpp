#include "preprocess/image/processor_config.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace accelerate {
namespace {

/// The value of a key; nullptr if it is absent or null.
const Json* find(const Json& json, std::string_view key) {
  const auto found = json.find(std::string(key));
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

int64_t side(const Json& value, std::string_view key) {
  if (!value.is_number_integer()) {
    fail(ErrorCode::invalid_model, "{} holds {}; expected an integer number of pixels", key, printable(value.dump()));
  }
  const bool too_large = value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{kMaxConfiguredSide};
  const int64_t pixels = too_large ? 0 : value.get<int64_t>();
  if (pixels < 1 || pixels > kMaxConfiguredSide) {
    fail(ErrorCode::invalid_model, "{} is {}; expected 1 to {} pixels", key, printable(value.dump()),
         kMaxConfiguredSide);
  }
  return pixels;
}

SizeRule size_fields(const Json& value, std::string_view key) {
  SizeRule rule;
  const std::pair<std::string_view, int64_t*> fields[] = {{"height", &rule.height},
                                                          {"width", &rule.width},
                                                          {"shortest_edge", &rule.shortest_edge},
                                                          {"longest_edge", &rule.longest_edge},
                                                          {"max_height", &rule.max_height},
                                                          {"max_width", &rule.max_width}};
  for (const auto& [name, target] : fields) {
    if (const Json* field = find(value, name)) *target = side(*field, std::string(key) + "." + std::string(name));
  }
  return rule;
}

SizeRule size_from_object(const Json& value, std::string_view key) {
  const SizeRule rule = size_fields(value, key);
  const bool exact = rule.height != 0 && rule.width != 0;
  const bool bounded = rule.max_height != 0 && rule.max_width != 0;
  const int64_t others_of_exact = rule.shortest_edge + rule.longest_edge + rule.max_height + rule.max_width;
  const int64_t others_of_edge = rule.height + rule.width + rule.max_height + rule.max_width;
  const int64_t others_of_bounded = rule.height + rule.width + rule.shortest_edge + rule.longest_edge;
  if ((exact && others_of_exact == 0) || (rule.shortest_edge != 0 && others_of_edge == 0) ||
      (bounded && others_of_bounded == 0)) {
    return rule;
  }
  fail(ErrorCode::invalid_model,
       "{} is {}; expected height and width, shortest_edge with or without longest_edge, or max_height and max_width",
       key, printable(value.dump()));
}

/// Source: transformers, image_processing_utils.get_size_dict.
SizeRule parse_size(const Json& value, std::string_view key, bool default_to_square) {
  if (value.is_object()) return size_from_object(value, key);
  if (value.is_array()) {
    if (value.size() != 2) {
      fail(ErrorCode::invalid_model, "{} is a list of {} values; expected [height, width]", key, value.size());
    }
    return {.height = side(value[0], key), .width = side(value[1], key)};
  }
  const int64_t pixels = side(value, key);
  if (default_to_square) return {.height = pixels, .width = pixels};
  return {.shortest_edge = pixels};
}

/// A size that must be height and width.
SizeRule parse_exact_size(const Json& value, std::string_view key) {
  const SizeRule rule = parse_size(value, key, true);
  if (rule.height == 0) {
    fail(ErrorCode::invalid_model, "{} is {}; expected height and width", key, printable(value.dump()));
  }
  return rule;
}

double finite(const Json& value, std::string_view key) {
  if (!value.is_number()) {
    fail(ErrorCode::invalid_model, "{} holds {}; expected a number", key, printable(value.dump()));
  }
  const double number = value.get<double>();
  if (!std::isfinite(number) || std::fabs(number) > 1e6) {
    fail(ErrorCode::invalid_model, "{} is {}; expected a finite number of at most 1e6", key, printable(value.dump()));
  }
  return number;
}

/// One number for all channels, or a list of one or three.
std::array<double, 3> parse_channels(const Json& value, std::string_view key) {
  if (!value.is_array()) {
    const double number = finite(value, key);
    return {number, number, number};
  }
  if (value.size() != 1 && value.size() != 3) {
    fail(ErrorCode::invalid_model, "{} has {} values; expected 3, one for each of R, G, B", key, value.size());
  }
  std::array<double, 3> result;
  for (size_t c = 0; c < 3; ++c) result[c] = finite(value[value.size() == 1 ? 0 : c], key);
  return result;
}

double positive(const Json& value, std::string_view key) {
  const double number = finite(value, key);
  if (number < 1e-12) {
    fail(ErrorCode::invalid_model, "{} is {}; expected a number above 0", key, printable(value.dump()));
  }
  return number;
}

std::string processor_type(const Json& json, std::string_view model_type) {
  std::string type = json_string(json, "image_processor_type", std::string());
  if (!type.empty()) return type;
  type = json_string(json, "feature_extractor_type", std::string());
  constexpr std::string_view kLegacy = "FeatureExtractor";
  if (const size_t at = type.find(kLegacy); at != std::string::npos) {
    return type.replace(at, kLegacy.size(), "ImageProcessor");
  }
  if (!type.empty()) return type;
  type = image_processor_of_model(model_type);
  if (!type.empty()) return type;
  fail(ErrorCode::unsupported_model,
       "neither image_processor_type nor feature_extractor_type is given, and model type \"{}\" has no supported "
       "default; supported image processors are {}",
       printable(model_type), supported_image_processors());
}

/// What only makes sense together.
void check_consistent(const ImageProcessorConfig& config) {
  const bool needs_edge = config.style == ResizeStyle::convnext;
  if (config.do_resize && needs_edge && config.size.shortest_edge == 0) {
    fail(ErrorCode::invalid_model, "size has no shortest_edge, which {} needs", config.type);
  }
  if (config.do_center_crop && config.crop_size.height == 0) {
    fail(ErrorCode::invalid_model, "do_center_crop is true but crop_size is not given");
  }
  if (config.do_pad && config.pad_size.height == 0) {
    fail(ErrorCode::invalid_model, "do_pad is true but pad_size is not given");
  }
}

ImageProcessorConfig parse_fields(const Json& json, std::string_view model_type) {
  if (!json.is_object()) fail(ErrorCode::invalid_model, "expected a JSON object, found {}", json.type_name());
  const ImageProcessorConfig defaults = default_image_processor(processor_type(json, model_type));
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  if (const Json* value = find(json, "size")) config.size = parse_size(*value, "size", config.default_to_square);
  // transformers' class has no crop.
  if (config.type == "SegformerImageProcessor") config.do_center_crop = false;
  check_consistent(config);
  return config;
}

}  // namespace

ImageProcessorConfig parse_image_settings(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = defaults;
  config.default_to_square = json_bool(json, "default_to_square", config.default_to_square);
  config.do_resize = json_bool(json, "do_resize", config.do_resize);
  config.do_center_crop = json_bool(json, "do_center_crop", config.do_center_crop);
  config.do_rescale = json_bool(json, "do_rescale", config.do_rescale);
  config.do_normalize = json_bool(json, "do_normalize", config.do_normalize);
  config.do_pad = json_bool(json, "do_pad", config.do_pad);
  config.resample = static_cast<Resample>(json_int(json, "resample", static_cast<int64_t>(config.resample), 0, 5));
  if (const Json* value = find(json, "crop_size")) config.crop_size = parse_exact_size(*value, "crop_size");
  if (const Json* value = find(json, "pad_size")) config.pad_size = parse_exact_size(*value, "pad_size");
  if (const Json* value = find(json, "rescale_factor")) config.rescale_factor = positive(*value, "rescale_factor");
  if (const Json* value = find(json, "image_mean")) config.mean = parse_channels(*value, "image_mean");
  if (const Json* value = find(json, "image_std")) {
    config.std = parse_channels(*value, "image_std");
    for (const double deviation : config.std) {
      if (deviation < 1e-12) {
        fail(ErrorCode::invalid_model, "image_std is {}; expected numbers above 0", printable(value->dump()));
      }
    }
  }
  if (const Json* value = find(json, "crop_pct"); value != nullptr && config.crop_pct != 0) {
    config.crop_pct = positive(*value, "crop_pct");
    if (config.crop_pct < 0.01 || config.crop_pct > 100) {
      fail(ErrorCode::invalid_model, "crop_pct is {}; expected 0.01 to 100", config.crop_pct);
    }
  }
  return config;
}

SizeRule parse_size_fields(const Json& json, std::string_view key, const SizeRule& fallback) {
  const Json* value = find(json, key);
  if (value == nullptr) return fallback;
  if (!value->is_object()) {
    fail(ErrorCode::invalid_model, "{} is {}; expected an object", key, printable(value->dump()));
  }
  return size_fields(*value, key);
}

std::string image_processor_type(const Json& json, std::string_view model_type) {
  return processor_type(json, model_type);
}

ImageProcessorConfig parse_image_processor(const Json& json, std::string_view what, std::string_view model_type) {
  try {
    return parse_fields(json, model_type);
  } catch (Error& error) {
    error.in(std::string(what));
    throw;
  }
}

}  // namespace accelerate
