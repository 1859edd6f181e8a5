#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/running_extreme.h"

namespace accelerate::ops {

/// The largest element so far along the axis and, as i64, its index, the last of equal ones; a NaN stays.
// api: std::vector<Value> cum_max(Value x, int64_t axis);
std::vector<Value> cum_max(Value x, int64_t axis) {
  return build_multi("cum_max", std::vector<Value>{x}, axis_attrs(x, axis));
}

void register_cum_max(OpRegistry& registry) {
  registry.add(running_extreme_op("cum_max", "the largest element so far along an axis, and its index", true));
}

}  // namespace accelerate::ops
