#include "preprocess/image/image_inputs.h"

#include <fmt/core.h>

#include <array>
#include <utility>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/image_processor.h"
#include "preprocess/processor_file.h"

namespace accelerate {
namespace {

/// The classes that give pixel values of one size alone.
class Plain : public ImageFamily {
 public:
  explicit Plain(const ImageProcessorConfig& config) : processor_(config) {}

  ModelInputs process(std::span<const Image> images) const override {
    const PixelValues pixels = processor_.process_batch(images);
    Tensor values(DType::f32, {pixels.batch, 3, pixels.height, pixels.width});
    std::copy(pixels.values.begin(), pixels.values.end(), values.as<float>());
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    return inputs;
  }

 private:
  ImageProcessor processor_;
};

std::array<std::span<const ImageFamilyClass>, 6> tables() {
  return {padded_image_families(), multiple_image_families(), patch_image_families(),
          tile_image_families(),   document_image_families(), channel_image_families()};
}

const ImageFamilyClass* find_type(std::string_view type) {
  for (const auto& table : tables()) {
    for (const ImageFamilyClass& entry : table) {
      if (entry.type == type) return &entry;
    }
  }
  return nullptr;
}

const ImageFamilyClass* find_model(std::string_view model_type) {
  const std::string key = fmt::format(" {} ", model_type);
  for (const auto& table : tables()) {
    for (const ImageFamilyClass& entry : table) {
      if (entry.model_types.find(key) != std::string_view::npos) return &entry;
    }
  }
  return nullptr;
}

bool names_class(const Json& json) {
  return !json_string(json, "image_processor_type", std::string()).empty() ||
         !json_string(json, "feature_extractor_type", std::string()).empty();
}

}  // namespace

std::string supported_image_input_processors() {
  std::string names = supported_image_processors();
  for (const auto& table : tables()) {
    for (const ImageFamilyClass& entry : table) names += fmt::format(", {}", entry.type);
  }
  return names;
}

ImageInputProcessor ImageInputProcessor::from_json(const Json& json, std::string_view what,
                                                   std::string_view model_type) {
  try {
    if (!json.is_object()) fail(ErrorCode::invalid_model, "expected a JSON object, found {}", json.type_name());
    const ImageFamilyClass* entry = nullptr;
    bool pillow = false;
    if (names_class(json)) {
      const std::string type = image_processor_type(json, model_type);
      std::string_view base = type;
      pillow = base.ends_with("Pil");
      if (pillow) base.remove_suffix(3);
      if (base.ends_with("Fast")) base.remove_suffix(4);
      entry = find_type(base);
    } else {
      entry = find_model(model_type);
    }
    if (entry == nullptr) {
      const ImageProcessorConfig config = parse_image_processor(json, what, model_type);
      return {config.type, std::make_shared<Plain>(config)};
    }
    ImageProcessorConfig defaults = entry->defaults;
    defaults.type = entry->type;
    defaults.backend = pillow ? ImageBackend::pillow : ImageBackend::torchvision;
    return {defaults.type, entry->make(json, defaults)};
  } catch (Error& error) {
    if (error.context().empty()) error.in(std::string(what));
    throw;
  }
}

ImageInputProcessor ImageInputProcessor::from_files(const FileSet& files) {
  constexpr std::string_view kPlain[] = {"preprocessor_config.json"};
  const ProcessorFile file = read_processor_file(files, "image_processor", kPlain);
  return from_json(file.json, file.name, file.model_type);
}

ModelInputs ImageInputProcessor::process(std::span<const Image> images) const {
  if (images.empty()) fail(ErrorCode::invalid_argument, "no image is given");
  for (size_t i = 0; i < images.size(); ++i) {
    const Image& image = images[i];
    if (image.width < 1 || image.height < 1 ||
        static_cast<int64_t>(image.rgb.size()) / 3 / image.width != image.height ||
        static_cast<int64_t>(image.rgb.size()) != image.width * image.height * 3) {
      fail(ErrorCode::invalid_argument, "image {} is {} x {} pixels with {} bytes; expected width * height * 3", i,
           image.width, image.height, image.rgb.size());
    }
  }
  return family_->process(images);
}

}  // namespace accelerate
