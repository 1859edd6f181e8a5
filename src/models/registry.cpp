#include "models/registry.h"

#include <algorithm>

namespace accelerate::models {

void register_all_models(ModelRegistry& registry);  // generated

const ModelBuilder* ModelRegistry::find(std::string_view architecture, std::string_view model_type) const {
  for (const ModelBuilder& builder : builders_) {
    if (architecture.empty() ? builder.model_type == model_type
                             : std::find(builder.architectures.begin(), builder.architectures.end(), architecture) !=
                                   builder.architectures.end())
      return &builder;
  }
  return nullptr;
}

const ModelRegistry& registry() {
  static const ModelRegistry instance = [] {
    ModelRegistry out;
    register_all_models(out);
    return out;
  }();
  return instance;
}

}  // namespace accelerate::models
