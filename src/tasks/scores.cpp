#include "tasks/scores.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace accelerate::tasks {

std::vector<float> softmax(std::span<const float> logits) {
  std::vector<float> out(logits.size());
  if (logits.empty()) return out;
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - largest);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(std::exp(static_cast<double>(logits[i]) - largest) / sum);
  return out;
}

std::vector<float> sigmoid(std::span<const float> logits) {
  std::vector<float> out(logits.size());
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logits[i]))));
  return out;
}

size_t arg_max(std::span<const float> values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<size_t> top_k(std::span<const float> values, size_t k) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  k = std::min(k, order.size());
  // The position decides between equal values, so that the order is total.
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(),
                    [&](size_t a, size_t b) { return values[a] > values[b] || (values[a] == values[b] && a < b); });
  order.resize(k);
  return order;
}

Json number(float value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  double shortest = value;
  std::from_chars(text, end, shortest);
  return shortest;
}

Json numbers(std::span<const float> values) {
  Json out = Json::array();
  out.get_ref<Json::array_t&>().reserve(values.size());
  for (const float value : values) out.push_back(number(value));
  return out;
}

Json matrix(std::span<const float> values, size_t width) {
  Json out = Json::array();
  for (size_t i = 0; i < values.size(); i += width) out.push_back(numbers(values.subspan(i, width)));
  return out;
}

}  // namespace accelerate::tasks
