#include <algorithm>

#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

/// The k largest (or smallest) elements along the axis and, as i64, their indices. NaN counts as the largest. sorted:
/// best first, equal ones in the order of x; else in any order. Errors: invalid_shape if the axis has fewer than k
/// elements.
// api: std::vector<Value> top_k(Value x, Dim k, int64_t axis = -1, bool largest = true, bool sorted = true);
std::vector<Value> top_k(Value x, Dim k, int64_t axis, bool largest, bool sorted) {
  Attrs attrs = axis_attrs(x, axis);
  attrs.set("k", Shape{std::move(k)}).set("largest", largest).set("sorted", sorted);
  return build_multi("top_k", std::vector<Value>{x}, std::move(attrs));
}

void register_top_k(OpRegistry& registry) {
  OpDef op =
      axis_op("top_k", "the k largest (or smallest) elements along an axis, and their indices", ElementTypes::numbers);
  op.attrs.push_back({"k", AttrKind::dims, std::nullopt, false, "how many (one dim)"});
  op.attrs.push_back({"largest", AttrKind::boolean, Attr(true), false, "the largest, not the smallest"});
  op.attrs.push_back({"sorted", AttrKind::boolean, Attr(true), false, "best first"});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    const Shape& k = c.attrs.dims("k");
    if (k.size() != 1) fail(ErrorCode::invalid_graph, "k has {} dims; expected one", k.size());
    Dim& extent = type.shape[static_cast<size_t>(c.axis("axis", type.rank()))];
    if (k[0].constant().value_or(0) < 0 || (extent - k[0]).constant().value_or(0) < 0)
      fail(ErrorCode::invalid_shape, "k is {}; expected 0 to {}, the extent of the axis", k[0].to_string(),
           extent.to_string());
    extent = k[0];
    return {type, {DType::i64, type.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto axis = c.axis("axis", x.rank());
    int64_t k = c.extents("k").at(0);
    if (k < 0 || k > x.dim(axis))
      fail(ErrorCode::invalid_shape, "k is {}; expected 0 to {}, the extent of the axis", k, x.dim(axis));
    std::vector<std::vector<int64_t>> from;
    std::vector<std::vector<size_t>> orders;
    for_each_line(x.shape(), axis, [&](std::span<const int64_t> offsets) {
      orders.push_back(sorted_order(x, offsets, c.attrs.boolean("largest")));
      from.emplace_back(offsets.begin(), offsets.end());
    });
    size_t line = 0;
    for_each_line(c.outputs[0].shape(), axis, [&](std::span<const int64_t> offsets) {
      for (size_t j = 0; j < offsets.size(); ++j) {
        copy_element(x, from[line][orders[line][j]], c.outputs[0], offsets[j]);
        c.outputs[1].set_int(offsets[j], static_cast<int64_t>(orders[line][j]));
      }
      ++line;
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
