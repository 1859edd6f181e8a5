#include "ops/reduction.h"

#include <algorithm>
#include <numeric>

#include "accelerate/ops.h"
#include "ops/rules.h"

namespace accelerate::ops {

std::vector<int64_t> canonical_axes(Value x, std::vector<int64_t> axes) {
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(x.rank()));
    std::iota(axes.begin(), axes.end(), int64_t{0});
    return axes;
  }
  axes = front_axes(std::move(axes), x.rank());
  std::sort(axes.begin(), axes.end());
  return axes;
}

OpDef reduction_op(std::string name, std::string doc, ElementTypes types, DType (*result)(DType)) {
  OpDef op =
      unary_op(std::move(name), std::move(doc), types, nullptr,
               {{"axes", AttrKind::integers, std::nullopt, false, "axes to reduce, sorted, counted from the front"},
                {"keepdims", AttrKind::boolean, Attr(false), false, "reduced axes stay, with extent 1"}});
  op.is_elementwise = false;
  op.reference = nullptr;
  op.infer = [result, infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    const auto& axes = c.attrs.integers("axes");
    for (size_t i = 0; i < axes.size(); ++i) {
      if (axes[i] < 0 || axes[i] >= type.rank() || (i > 0 && axes[i] <= axes[i - 1]))
        fail(ErrorCode::invalid_shape, "axes are {}; expected increasing values in [0, {})", to_string(axes),
             type.rank());
    }
    Shape shape;
    for (int64_t axis = 0; axis < type.rank(); ++axis) {
      if (!std::binary_search(axes.begin(), axes.end(), axis)) {
        shape.push_back(type.shape[static_cast<size_t>(axis)]);
      } else if (c.attrs.boolean("keepdims")) {
        shape.emplace_back(1);
      }
    }
    return {{result(type.dtype), std::move(shape)}};
  };
  return op;
}

Value build_reduction(std::string_view name, Value x, std::vector<int64_t> axes, bool keepdims, Attrs more) {
  more.set("axes", canonical_axes(x, std::move(axes)));
  more.set("keepdims", keepdims);
  return build(name, {x}, std::move(more));
}

void for_each_reduced(const std::vector<int64_t>& shape, const std::vector<int64_t>& axes,
                      const std::function<void(int64_t, std::span<const int64_t>)>& body) {
  auto strides = strides_of(shape);
  std::vector<int64_t> kept_shape;
  std::vector<int64_t> kept_strides;
  std::vector<int64_t> reduced_shape;
  std::vector<int64_t> reduced_strides;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end();
    (reduced ? reduced_shape : kept_shape).push_back(shape[axis]);
    (reduced ? reduced_strides : kept_strides).push_back(strides[axis]);
  }
  std::vector<int64_t> relative;
  for_each_index(reduced_shape,
                 [&](const std::vector<int64_t>& index) { relative.push_back(offset_of(index, reduced_strides)); });
  std::vector<int64_t> offsets(relative.size());
  int64_t i = 0;
  for_each_index(kept_shape, [&](const std::vector<int64_t>& index) {
    int64_t base = offset_of(index, kept_strides);
    std::transform(relative.begin(), relative.end(), offsets.begin(), [base](int64_t r) { return base + r; });
    body(i++, offsets);
  });
}

void reduce_reference(EvalContext& c, const std::function<double(const Tensor&, std::span<const int64_t>)>& fn) {
  const Tensor& x = c.inputs[0];
  for_each_reduced(x.shape(), c.attrs.integers("axes"),
                   [&](int64_t i, std::span<const int64_t> offsets) { c.outputs[0].set(i, fn(x, offsets)); });
}

OpDef axis_op(std::string name, std::string doc, ElementTypes types) {
  OpDef op = unary_op(std::move(name), std::move(doc), types, nullptr,
                      {{"axis", AttrKind::integer, std::nullopt, false, "axis to work along, counted from the front"}});
  op.is_elementwise = false;
  op.reference = nullptr;
  op.infer = [infer = op.infer](const InferContext& c) {
    auto out = infer(c);
    c.axis("axis", out[0].rank());
    return out;
  };
  return op;
}

Attrs axis_attrs(Value x, int64_t axis) {
  return {{"axis", front_axis(axis, x.rank())}};
}

void for_each_line(const std::vector<int64_t>& shape, int axis,
                   const std::function<void(std::span<const int64_t>)>& body) {
  for_each_reduced(shape, {axis}, [&](int64_t, std::span<const int64_t> offsets) { body(offsets); });
}

DType sum_dtype(DType dtype) {
  return is_float(dtype) ? dtype : DType::i64;
}

bool ordered_less(const Tensor& x, int64_t i, int64_t j) {
  if (is_float(x.dtype())) {
    double a = x.get(i);
    double b = x.get(j);
    return std::isnan(b) ? !std::isnan(a) : a < b;
  }
  if (x.dtype() == DType::u64) return x.as<uint64_t>()[i] < x.as<uint64_t>()[j];
  return x.get_int(i) < x.get_int(j);
}

std::vector<size_t> sorted_order(const Tensor& x, std::span<const int64_t> offsets, bool descending) {
  std::vector<size_t> order(offsets.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return descending ? ordered_less(x, offsets[b], offsets[a]) : ordered_less(x, offsets[a], offsets[b]);
  });
  return order;
}

void set_lowest(Tensor& x, int64_t i) {
  if (is_signed_integer(x.dtype())) {
    x.set_int(i, std::numeric_limits<int64_t>::min() >> (64 - 8 * size_of(x.dtype())));
  } else {
    x.set(i, is_float(x.dtype()) ? -std::numeric_limits<double>::infinity() : 0.0);
  }
}

void set_highest(Tensor& x, int64_t i) {
  if (is_signed_integer(x.dtype())) {
    x.set_int(i, std::numeric_limits<int64_t>::max() >> (64 - 8 * size_of(x.dtype())));
  } else if (is_float(x.dtype())) {
    x.set(i, std::numeric_limits<double>::infinity());
  } else {
    x.set_int(i, x.dtype() == DType::boolean ? 1 : -1);
  }
}

Value reduced_count(Value x, const std::vector<int64_t>& axes, DType dtype) {
  Dim count = 1;
  for (int64_t axis : axes) count = count * x.dim(static_cast<int>(axis));
  if (auto constant = count.constant()) return scalar(*x.builder, dtype, static_cast<double>(*constant));
  return cast(dim_value(*x.builder, count), dtype);
}

}  // namespace accelerate::ops
