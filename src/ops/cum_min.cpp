#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/running_extreme.h"

namespace accelerate::ops {

/// The smallest element so far along the axis and, as i64, its index, the last of equal ones; a NaN stays.
// api: std::vector<Value> cum_min(Value x, int64_t axis);
std::vector<Value> cum_min(Value x, int64_t axis) {
  return build_multi("cum_min", std::vector<Value>{x}, axis_attrs(x, axis));
}

void register_cum_min(OpRegistry& registry) {
  registry.add(running_extreme_op("cum_min", "the smallest element so far along an axis, and its index", false));
}

}  // namespace accelerate::ops
