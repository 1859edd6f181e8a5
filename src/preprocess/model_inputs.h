#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace accelerate {

/// What a processor hands to a model: tensors under the names that transformers gives them ("input_features",
/// "attention_mask", "pixel_values", ...), in its order. Masks are i64, other values f32 unless said otherwise.
struct ModelInputs {
  std::vector<std::pair<std::string, Tensor>> tensors;

  void add(std::string name, Tensor tensor) { tensors.emplace_back(std::move(name), std::move(tensor)); }
  const Tensor* find(std::string_view name) const {
    for (const auto& [key, tensor] : tensors) {
      if (key == name) return &tensor;
    }
    return nullptr;
  }
  /// Errors: not_found if no tensor has this name.
  const Tensor& at(std::string_view name) const {
    if (const Tensor* tensor = find(name)) return *tensor;
    fail(ErrorCode::not_found, "the processor gives no \"{}\"", printable(name));
  }
};

}  // namespace accelerate
