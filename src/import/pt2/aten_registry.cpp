#include <unordered_map>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

const std::unordered_map<std::string_view, const Mapping*>& table() {
  static const auto* const built = [] {
    auto* out = new std::unordered_map<std::string_view, const Mapping*>();
    for (const auto mappings :
         {arithmetic_mappings(), function_mappings(), movement_mappings(), slicing_mappings(), indexing_mappings(),
          reduction_mappings(), linear_mappings(), spatial_mappings(), norm_mappings(), creation_mappings(),
          symbolic_mappings(), complex_mappings(), control_flow_mappings(), attention_mappings()}) {
      for (const Mapping& mapping : mappings) out->emplace(mapping.target, &mapping);
    }
    return out;
  }();
  return *built;
}

}  // namespace

const Mapping* find_mapping(std::string_view target) {
  const auto found = table().find(target);
  return found == table().end() ? nullptr : found->second;
}

size_t num_mappings() {
  return table().size();
}

}  // namespace accelerate::import::pt2
