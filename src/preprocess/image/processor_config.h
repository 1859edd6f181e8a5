#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "preprocess/image/resize.h"

namespace accelerate {

/// Which of transformers' two implementations a processor reproduces. They differ by the rounding of the
/// resize and, when a crop must pad by an odd number, by one pixel. transformers itself prefers torchvision.
enum class ImageBackend { torchvision, pillow };

/// A target size as a configuration gives it; 0 means absent. One of: height and width; shortest_edge, with or
/// without longest_edge; max_height and max_width. In pixels.
struct SizeRule {
  int64_t height = 0;
  int64_t width = 0;
  int64_t shortest_edge = 0;
  int64_t longest_edge = 0;
  int64_t max_height = 0;
  int64_t max_width = 0;
};

/// How a class turns the size rule into a resize.
///   plain: as the rule says;
///   convnext: below 384, shortest_edge / crop_pct and a centre crop; else shortest_edge squared;
///   levit: shortest_edge * 256 / 224; poolformer: the rule divided by crop_pct.
enum class ResizeStyle { plain, convnext, levit, poolformer };

/// The resolved settings of an image processor: the class's defaults under the file's values.
struct ImageProcessorConfig {
  std::string type;  // transformers class, e.g. "ViTImageProcessor"
  ImageBackend backend = ImageBackend::torchvision;
  ResizeStyle style = ResizeStyle::plain;
  bool default_to_square = true;
  bool do_resize = true;
  SizeRule size;
  Resample resample = Resample::bilinear;
  double crop_pct = 0;
  bool do_center_crop = false;
  SizeRule crop_size;  // height and width
  bool do_rescale = true;
  double rescale_factor = 1.0 / 255.0;
  bool do_normalize = true;
  std::array<double, 3> mean = {0.5, 0.5, 0.5};
  std::array<double, 3> std = {0.5, 0.5, 0.5};
  bool do_pad = false;
  SizeRule pad_size;  // height and width
};

/// The largest size that a configuration may ask for, in pixels a side.
constexpr int64_t kMaxConfiguredSide = 8192;

/// Names of the supported classes, separated by ", ".
std::string supported_image_processors();

/// The defaults of a class; a "Fast" or "Pil" suffix is ignored. Errors: unsupported_model if it is not supported.
ImageProcessorConfig default_image_processor(std::string_view type);

/// The class that transformers uses for a config.json's model_type when the processor's file names none; empty
/// if it is not a supported one.
std::string_view image_processor_of_model(std::string_view model_type);

/// The class that a processor's file names, or else its model type's; legacy feature extractor names are image
/// processors'. Errors: unsupported_model if there is none.
std::string image_processor_type(const Json& json, std::string_view model_type);

/// The file's values over the defaults, without `size` and without checks of what only makes sense together.
/// Errors: invalid_model.
ImageProcessorConfig parse_image_settings(const Json& json, const ImageProcessorConfig& defaults);

/// A size object in which any of the fields may be given. Errors: invalid_model.
SizeRule parse_size_fields(const Json& json, std::string_view key, const SizeRule& fallback);

/// Reads the settings of a preprocessor_config.json, the legacy forms of sizes (integers, lists) included. null
/// and absent keys give the class's defaults; unknown keys are ignored. `model_type` serves files without
/// image_processor_type and feature_extractor_type. `what` names the file in errors.
/// Errors: unsupported_model if the class is not supported or not given; invalid_model if a value has the wrong
/// type, is out of range or contradicts another.
ImageProcessorConfig parse_image_processor(const Json& json, std::string_view what, std::string_view model_type = "");

}  // namespace accelerate
