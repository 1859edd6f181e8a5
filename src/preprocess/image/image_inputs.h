#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/image/image.h"
#include "preprocess/model_inputs.h"

namespace accelerate {

/// One transformers class behind ImageInputProcessor. Immutable.
class ImageFamily {
 public:
  virtual ~ImageFamily() = default;
  virtual ModelInputs process(std::span<const Image> images) const = 0;
};

/// Names of the supported classes, separated by ", "; those of ImageProcessor included.
std::string supported_image_input_processors();

/// Turns pictures into all the inputs that the transformers image processor of a model folder gives: pixel values of
/// one or of several sizes with their mask, flattened patches with their grid, tiles. A class name may end in "Fast" or
/// "Pil": Pil means Pillow's arithmetic, else torchvision's, which transformers prefers.
/// Immutable: one object serves any number of threads.
/// Source: transformers 5.23, models/*/image_processing_*.py.
class ImageInputProcessor {
 public:
  /// Reads processor_config.json (its "image_processor" object) or else preprocessor_config.json; config.json gives the
  /// model type of files that name no class.
  /// Errors: not_found if there is neither file; those of parse_json and from_json.
  static ImageInputProcessor from_files(const FileSet& files);

  /// Errors: unsupported_model if the class is not supported or not given; invalid_model if a value has the wrong type,
  /// is out of range or contradicts another. `what` names the file in errors.
  static ImageInputProcessor from_json(const Json& json, std::string_view what, std::string_view model_type = "");

  /// The transformers class without its suffix, e.g. "DetrImageProcessor".
  const std::string& type() const { return type_; }

  /// Errors: invalid_argument if there is no picture, one cannot be brought to the configured size, or they cannot form
  /// one batch.
  ModelInputs process(std::span<const Image> images) const;
  ModelInputs process(const Image& image) const { return process({&image, 1}); }

 private:
  ImageInputProcessor(std::string type, std::shared_ptr<const ImageFamily> family)
      : type_(std::move(type)), family_(std::move(family)) {}

  std::string type_;
  std::shared_ptr<const ImageFamily> family_;
};

}  // namespace accelerate
