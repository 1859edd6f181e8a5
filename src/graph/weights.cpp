#include "graph/weights.h"

#include <algorithm>

#include "base/error.h"

namespace accelerate {

void MemoryWeights::add(std::string name, Tensor tensor) {
  if (find(name)) fail(ErrorCode::invalid_argument, "there already is a weight \"{}\"", printable(name));
  tensors_.emplace_back(std::move(name), std::move(tensor));
}

std::vector<std::string> MemoryWeights::names() const {
  std::vector<std::string> out;
  out.reserve(tensors_.size());
  for (const auto& [name, tensor] : tensors_) out.push_back(name);
  return out;
}

std::optional<WeightInfo> MemoryWeights::find(std::string_view name) const {
  auto it = std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& entry) { return entry.first == name; });
  if (it == tensors_.end()) return std::nullopt;
  return WeightInfo{it->second.dtype(), it->second.shape(), {}, it->second.size_bytes()};
}

Tensor MemoryWeights::read(std::string_view name) const {
  auto it = std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& entry) { return entry.first == name; });
  if (it == tensors_.end()) fail(ErrorCode::invalid_weights, "there is no weight \"{}\"", printable(name));
  return it->second;
}

}  // namespace accelerate
