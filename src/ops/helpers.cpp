// Functions of accelerate/ops.h that are spelled in other ops.
#include <algorithm>
#include <numeric>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with an axis of 1 put in, so that it is axis `axis` of the result.
// api: Value unsqueeze(Value x, int64_t axis);
Value unsqueeze(Value x, int64_t axis) {
  Shape shape = x.shape();
  shape.insert(shape.begin() + front_axis(axis, x.rank() + 1), Dim(1));
  return reshape(x, std::move(shape));
}

/// x without an axis of 1. Errors: invalid_shape for another extent.
// api: Value squeeze(Value x, int64_t axis);
Value squeeze(Value x, int64_t axis) {
  Shape shape = x.shape();
  auto at = shape.begin() + front_axis(axis, x.rank());
  if (*at != Dim(1) && !at->has_unbacked())
    fail(ErrorCode::invalid_shape, "axis {} of {} cannot be squeezed; expected the extent 1", axis,
         x.type().to_string());
  shape.erase(at);
  return reshape(x, std::move(shape));
}

/// x with the axes start..end (inclusive) merged into one.
// api: Value flatten(Value x, int64_t start = 0, int64_t end = -1);
Value flatten(Value x, int64_t start, int64_t end) {
  if (x.rank() == 0) return reshape(x, {1});
  int64_t first = front_axis(start, x.rank());
  int64_t last = front_axis(end, x.rank());
  if (last < first)
    fail(ErrorCode::invalid_shape, "flatten from axis {} to axis {}; expected an increasing range", start, end);
  Shape shape(x.shape().begin(), x.shape().begin() + first);
  shape.push_back(num_elements(Shape(x.shape().begin() + first, x.shape().begin() + last + 1)));
  shape.insert(shape.end(), x.shape().begin() + last + 1, x.shape().end());
  return reshape(x, std::move(shape));
}

/// The axis split into several, of the given extents; one of them may be -1.
// api: Value unflatten(Value x, int64_t axis, Shape sizes);
Value unflatten(Value x, int64_t axis, Shape sizes) {
  Shape shape = x.shape();
  auto at = shape.begin() + front_axis(axis, x.rank());
  Dim known = 1;
  for (const Dim& size : sizes) known = size == Dim(-1) ? known : known * size;
  for (Dim& size : sizes) size = size == Dim(-1) ? floordiv(*at, known) : size;
  at = shape.erase(at);
  shape.insert(at, sizes.begin(), sizes.end());
  return reshape(x, std::move(shape));
}

/// Two axes exchanged.
// api: Value swap_axes(Value x, int64_t a, int64_t b);
Value swap_axes(Value x, int64_t a, int64_t b) {
  std::vector<int64_t> permutation(static_cast<size_t>(x.rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[static_cast<size_t>(front_axis(a, x.rank()))],
            permutation[static_cast<size_t>(front_axis(b, x.rank()))]);
  return transpose(x, std::move(permutation));
}

/// One axis moved to another place, the others kept in order.
// api: Value move_axis(Value x, int64_t from, int64_t to);
Value move_axis(Value x, int64_t from, int64_t to) {
  from = front_axis(from, x.rank());
  to = front_axis(to, x.rank());
  std::vector<int64_t> permutation(static_cast<size_t>(x.rank()));
  std::iota(permutation.begin(), permutation.end(), 0);
  permutation.erase(permutation.begin() + from);
  permutation.insert(permutation.begin() + to, from);
  return transpose(x, std::move(permutation));
}

/// The values, of one type, along a new axis.
// api: Value stack(std::vector<Value> values, int64_t axis);
Value stack(std::vector<Value> values, int64_t axis) {
  if (values.empty()) fail(ErrorCode::invalid_argument, "stack was given no value");
  axis = front_axis(axis, values[0].rank() + 1);
  for (Value& value : values) value = unsqueeze(value, axis);
  return concat(std::move(values), axis);
}

/// x in `count` equal parts along an axis, whose extent count must divide.
// api: std::vector<Value> chunk(Value x, int64_t count, int64_t axis);
std::vector<Value> chunk(Value x, int64_t count, int64_t axis) {
  const Dim extent = x.dim(static_cast<int>(front_axis(axis, x.rank())));
  if (count < 1 || extent.constant().value_or(0) % count != 0)
    fail(ErrorCode::invalid_shape, "an axis of {} cannot be cut into {} equal parts", extent.to_string(), count);
  return split(x, std::vector<Dim>(static_cast<size_t>(count), floordiv(extent, count)), axis);
}

/// One position of an axis, which goes away; a negative index counts from the back.
// api: Value select(Value x, int64_t axis, int64_t index);
Value select(Value x, int64_t axis, int64_t index) {
  const Dim extent = x.dim(static_cast<int>(front_axis(axis, x.rank())));
  if (auto n = extent.constant(); n && (index < -*n || index >= *n))
    fail(ErrorCode::invalid_shape, "position {} of an axis of {}", index, *n);
  Dim at = index < 0 ? extent + index : Dim(index);
  return squeeze(slice(x, axis, at, at + 1), axis);
}

/// Each position of the axis `repeats` times in a row.
// api: Value repeat_interleave(Value x, int64_t repeats, int64_t axis);
Value repeat_interleave(Value x, int64_t repeats, int64_t axis) {
  axis = front_axis(axis, x.rank());
  if (repeats < 1) fail(ErrorCode::invalid_argument, "repeat_interleave {} times; expected 1 or more", repeats);
  Shape merged = x.shape();
  auto at = static_cast<size_t>(axis);
  merged[at] = merged[at] * repeats;
  Value wide = unsqueeze(x, axis + 1);
  Shape repeated = wide.shape();
  repeated[at + 1] = repeats;
  return reshape(expand(wide, std::move(repeated)), std::move(merged));
}

/// value where mask (bool, broadcast) is true, x elsewhere.
// api: Value masked_fill(Value x, Value mask, double value);
Value masked_fill(Value x, Value mask, double value) {
  return where(mask, scalar_like(x, value), x);
}

/// Mean over the spatial axes of a channels-first x [N,C,...], which stay as axes of 1.
// api: Value global_avg_pool(Value x);
Value global_avg_pool(Value x) {
  if (x.rank() < 3) fail(ErrorCode::invalid_shape, "x is {}; expected [N,C,spatial...]", x.type().to_string());
  std::vector<int64_t> axes(static_cast<size_t>(x.rank() - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return reduce_mean(x, std::move(axes), true);
}

/// x divided by its Euclidean norm over an axis, which is taken as at least eps.
// api: Value l2_normalize(Value x, int64_t axis, double eps = 1e-12);
Value l2_normalize(Value x, int64_t axis, double eps) {
  axis = front_axis(axis, x.rank());
  Value wide = cast_to(x, compute_dtype(x.dtype()));
  Value norm = sqrt(reduce_sum(mul(wide, wide), {axis}, true));
  return cast_to(div(wide, maximum(norm, scalar_like(wide, eps))), x.dtype());
}

}  // namespace accelerate::ops
