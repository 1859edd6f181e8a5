#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/json.h"

namespace accelerate::tasks {

/// Numerically safe softmax and logistic function; summed in double.
std::vector<float> softmax(std::span<const float> logits);
std::vector<float> sigmoid(std::span<const float> logits);
/// Position of the largest value, the first of equal ones. values is not empty.
size_t arg_max(std::span<const float> values);
/// Positions of the k largest values, largest first, equal ones in order; all if k is larger.
std::vector<size_t> top_k(std::span<const float> values, size_t k);

/// A JSON number with the fewest digits that read back as this float; null if it is not finite.
Json number(float value);
Json numbers(std::span<const float> values);
/// values [rows, width] as an array of arrays.
Json matrix(std::span<const float> values, size_t width);

}  // namespace accelerate::tasks
