#include "models/relative_position.h"

#include <algorithm>
#include <cmath>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::models {

DistanceTable mpnet_buckets(int64_t num_buckets, int64_t max_distance) {
  const int64_t half = num_buckets / 2;
  const int64_t exact = half / 2;
  DistanceTable table;
  table.limit = max_distance;
  for (int64_t distance = -max_distance; distance <= max_distance; ++distance) {
    int64_t n = std::abs(distance);
    if (n >= exact) {
      const double position = std::log(static_cast<double>(n) / static_cast<double>(exact)) /
                              std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
      n = std::min(exact + static_cast<int64_t>(position * static_cast<double>(half - exact)), half - 1);
    }
    table.values.push_back(distance < 0 ? n + half : n);
  }
  return table;
}

namespace {

int64_t deberta_bucket(int64_t distance, int64_t bucket_size, int64_t max_position) {
  const int64_t middle = bucket_size / 2;
  if (bucket_size <= 0 || distance <= middle) return distance;
  const double position = std::log(static_cast<double>(distance) / static_cast<double>(middle)) /
                          std::log(static_cast<double>(max_position - 1) / static_cast<double>(middle));
  return static_cast<int64_t>(std::ceil(position * static_cast<double>(middle - 1))) + middle;
}

}  // namespace

DistanceTable deberta_buckets(int64_t bucket_size, int64_t max_position, int64_t span) {
  std::vector<int64_t> forward;  // buckets of 0, 1, ...
  do {
    forward.push_back(deberta_bucket(static_cast<int64_t>(forward.size()), bucket_size, max_position));
  } while (forward.back() < span);
  DistanceTable table;
  table.limit = static_cast<int64_t>(forward.size()) - 1;
  for (int64_t i = table.limit; i > 0; --i) table.values.push_back(-forward[static_cast<size_t>(i)]);
  table.values.insert(table.values.end(), forward.begin(), forward.end());
  return table;
}

Value distance_rows(Builder& builder, const Dim& length, int64_t limit) {
  Value positions = ops::iota(builder, DType::i64, length);
  Value distance = ops::sub(ops::reshape(positions, {length, 1}), ops::reshape(positions, {1, length}));
  const auto constant = [&](int64_t value) { return ops::scalar(builder, DType::i64, static_cast<double>(value)); };
  distance = ops::minimum(ops::maximum(distance, constant(-limit)), constant(limit));
  return ops::add(distance, constant(limit));
}

}  // namespace accelerate::models
