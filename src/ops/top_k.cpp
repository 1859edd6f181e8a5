#include <algorithm>
#include <numeric>

#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"
#include "ops/top_k_order.h"

namespace accelerate::ops {

/// The k largest (or smallest) elements along the axis and, as i64, their indices. NaN counts as the largest. sorted:
/// best first; else in any order. ties, which of equal elements are taken and in which order: "lowest_index", or
/// "selection", as select_first leaves them: what PyTorch does. Errors: invalid_shape if the axis has fewer than k
/// elements.
// api: std::vector<Value> top_k(Value x, Dim k, int64_t axis = -1, bool largest = true, bool sorted = true, std::string ties = "lowest_index");
std::vector<Value> top_k(Value x, Dim k, int64_t axis, bool largest, bool sorted, std::string ties) {
  Attrs attrs = axis_attrs(x, axis);
  attrs.set("k", Shape{std::move(k)}).set("largest", largest).set("sorted", sorted).set("ties", std::move(ties));
  return build_multi("top_k", std::vector<Value>{x}, std::move(attrs));
}

namespace {

/// Positions in a line of x, the k that are taken first.
std::vector<size_t> order_of(const Tensor& x, std::span<const int64_t> offsets, const Attrs& attrs, int64_t k) {
  bool largest = attrs.boolean("largest");
  if (attrs.string("ties") == "lowest_index") return sorted_order(x, offsets, largest);
  std::vector<size_t> order(offsets.size());
  std::iota(order.begin(), order.end(), size_t{0});
  select_first(order.begin(), order.begin() + k, order.end(), attrs.boolean("sorted"), [&](size_t a, size_t b) {
    return largest ? ordered_less(x, offsets[b], offsets[a]) : ordered_less(x, offsets[a], offsets[b]);
  });
  return order;
}

}  // namespace

void register_top_k(OpRegistry& registry) {
  OpDef op =
      axis_op("top_k", "the k largest (or smallest) elements along an axis, and their indices", ElementTypes::numbers);
  op.attrs.push_back({"k", AttrKind::dims, std::nullopt, false, "how many (one dim)"});
  op.attrs.push_back({"largest", AttrKind::boolean, Attr(true), false, "the largest, not the smallest"});
  op.attrs.push_back({"sorted", AttrKind::boolean, Attr(true), false, "best first"});
  op.attrs.push_back({"ties", AttrKind::string, Attr(std::string("lowest_index")), false,
                      "which of equal elements: lowest_index, or selection (PyTorch's)"});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    require_one_of("ties", c.attrs.string("ties"), {"lowest_index", "selection"});
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
      orders.push_back(order_of(x, offsets, c.attrs, k));
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
