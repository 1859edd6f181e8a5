#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Positions start, start + step, ... below end of one axis. A negative number counts from the back, and numbers beyond
/// the extent are cut to it, as in Python; symbolic bounds must lie in 0 <= start <= end <= extent. step is 1 or more.
// api: Value slice(Value x, int64_t axis, Dim start, Dim end, int64_t step = 1);
Value slice(Value x, int64_t axis, Dim start, Dim end, int64_t step) {
  axis = front_axis(axis, x.rank());
  const Dim& extent = x.shape()[static_cast<size_t>(axis)];
  constexpr int64_t kBeyond = int64_t{1} << 31;  // more than any axis has: "to the end"
  auto bound = [&](const Dim& given) -> Dim {
    auto number = given.constant();
    if (!number) return given;
    if (*number >= kBeyond) return extent;
    Dim out = *number;
    if (*number < 0) out = *number <= -kBeyond ? Dim(0) : extent + *number;
    if (extent.is_constant()) out = min(max(out, 0), extent);
    return out;
  };
  Dim first = bound(start);
  Dim last = bound(end);
  if (first.is_constant() && last.is_constant()) last = max(first, last);
  return build("slice", {x}, {{"axis", axis}, {"start", Shape{first}}, {"end", Shape{last}}, {"step", step}});
}

void register_slice(OpRegistry& registry) {
  OpDef op;
  op.name = "slice";
  op.doc = "Positions start, start + step, ... below end of one axis";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"axis", AttrKind::integer, std::nullopt, false, "the axis"},
              {"start", AttrKind::dims, std::nullopt, false, "one dim: first position"},
              {"end", AttrKind::dims, std::nullopt, false, "one dim: behind the last position"},
              {"step", AttrKind::integer, Attr(int64_t{1}), false, "1 or more"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    const TensorType& x = c.operand(0);
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    const Shape& starts = c.attrs.dims("start");
    const Shape& ends = c.attrs.dims("end");
    int64_t step = c.attrs.integer("step");
    if (starts.size() != 1 || ends.size() != 1)
      fail(ErrorCode::invalid_graph, "start and end have {} and {} dims; expected one", starts.size(), ends.size());
    if (step < 1) fail(ErrorCode::invalid_argument, "step is {}; expected 1 or more (see flip)", step);
    if (starts[0].constant().value_or(0) < 0 || (ends[0] - starts[0]).constant().value_or(0) < 0 ||
        (x.shape[axis] - ends[0]).constant().value_or(0) < 0)
      fail(ErrorCode::invalid_shape, "slice {} to {} of an axis of {}; expected 0 <= start <= end <= extent",
           starts[0].to_string(), ends[0].to_string(), x.shape[axis].to_string());
    TensorType out(x.dtype, x.shape);
    out.shape[axis] = ceildiv(ends[0] - starts[0], step);
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    auto axis = static_cast<size_t>(c.axis("axis", x.rank()));
    int64_t start = c.extents("start").at(0);
    int64_t end = c.extents("end").at(0);
    if (start < 0 || end < start || end > x.shape()[axis])
      fail(ErrorCode::invalid_shape, "slice {} to {} of an axis of {}", start, end, x.shape()[axis]);
    auto strides = strides_of(x.shape());
    int64_t base = start * strides[axis];
    strides[axis] *= c.attrs.integer("step");
    int64_t i = 0;
    for_each_index(out.shape(), [&](const std::vector<int64_t>& index) {
      copy_element(x, base + offset_of(index, strides), out, i++);
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
