#pragma once
#include <string>
#include <utility>

#include "models/layers.h"

namespace accelerate::models {

/// Extents of images and of the patches they are cut into.
struct ImageConfig {
  int64_t channels = 0;
  int64_t height = 0, width = 0;              // of an image
  int64_t patch_height = 0, patch_width = 0;  // of a patch

  int64_t rows() const { return height / patch_height; }
  int64_t columns() const { return width / patch_width; }
  int64_t num_patches() const { return rows() * columns(); }
};

/// num_channels, image_size and patch_size of a configuration. Errors: invalid_model, also where no patch fits.
ImageConfig read_image_config(const Json& config, int64_t default_image, int64_t default_patch);
/// f32 [batch,channels,height,width].
Value add_pixel_values(Graph& graph, const ImageConfig& image, const Dim& batch);
/// Projects patches: pixel values -> [batch,patches,out], by NAME.weight [out,channels,ph,pw] and perhaps NAME.bias.
Value patch_embeddings(Layers& layers, const ImageConfig& image, Value pixels, const std::string& name, int64_t out,
                       bool bias);
/// Image facts in the metadata of a program: image_height, image_width, num_channels.
void add_image_metadata(Program& program, const ImageConfig& image);

/// Vision transformers with `num_special` tokens (class, distillation) before the patches.
struct VitFamily {
  std::string model_type;     // "vit"
  std::string class_prefix;   // "ViT"
  std::string weight_prefix;  // "vit"
  int64_t num_special = 1;
  bool teacher = false;  // has ForImageClassificationWithTeacher
};
void register_vit_family(ModelRegistry& registry, VitFamily family);

}  // namespace accelerate::models
