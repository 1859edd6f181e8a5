#include "models/vision_model.h"

namespace accelerate::models {

/// ViT: Dosovitskiy et al. 2020, arXiv:2010.11929. DeiT: Touvron et al. 2020, arXiv:2012.12877.
void register_vit(ModelRegistry& registry) {
  register_vit_family(registry, {.model_type = "vit", .class_prefix = "ViT", .weight_prefix = "vit"});
  register_vit_family(
      registry,
      {.model_type = "deit", .class_prefix = "DeiT", .weight_prefix = "deit", .num_special = 2, .teacher = true});
}

}  // namespace accelerate::models
