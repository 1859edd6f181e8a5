#include <cmath>

#include "accelerate/ops.h"
#include "import/pt2/call.h"

namespace accelerate::import::pt2 {

Scalar Scalar::of(Ratio ratio, Kind kind) {
  Scalar out;
  out.kind = kind;
  out.exact = std::move(ratio);
  return out;
}

Scalar Scalar::of_number(double number) {
  Scalar out;
  out.kind = Kind::number;
  out.exact = ratio_of(number);
  out.number = number;
  return out;
}

std::optional<double> Scalar::constant() const {
  if (exact) {
    const auto above = exact->numerator.constant();
    const auto below = exact->denominator.constant();
    if (!above || !below) return std::nullopt;
    return static_cast<double>(*above) / static_cast<double>(*below);
  }
  if (value) return std::nullopt;
  return number;
}

DType Scalar::dtype() const {
  switch (kind) {
    case Kind::boolean: return DType::boolean;
    case Kind::integer: return DType::i64;
    case Kind::number: break;
  }
  return DType::f32;
}

Item::Item(const std::vector<Value>& values) {
  content = std::vector<Item>(values.begin(), values.end());
}

int64_t front_axis(int64_t axis, int rank) {
  const int64_t positions = std::max(rank, 1);  // PyTorch takes 0 and -1 as axes of a tensor without axes
  if (axis < -positions || axis >= positions)
    fail(ErrorCode::invalid_model, "axis {} is out of range for a tensor of rank {}", axis, rank);
  return axis < 0 ? axis + positions : axis;
}

DType result_type(std::span<const Operand> operands) {
  std::optional<DType> with_axes;
  std::optional<DType> without_axes;
  std::optional<DType> numbers;
  const auto join = [](std::optional<DType>& into, DType dtype) { into = into ? promote(*into, dtype) : dtype; };
  for (const Operand& operand : operands) {
    if (!operand.is_tensor()) {
      join(numbers, operand.dtype());
    } else {
      join(operand.tensor.rank() == 0 ? without_axes : with_axes, operand.dtype());
    }
  }
  // A lower category counts only where it is of a higher kind: bool, integer, float.
  const auto combine = [](std::optional<DType> higher, std::optional<DType> lower) -> std::optional<DType> {
    if (!higher) return lower;
    if (!lower || is_float(*higher)) return higher;
    if (*higher == DType::boolean || is_float(*lower)) return promote(*higher, *lower);
    return higher;
  };
  const auto out = combine(with_axes, combine(without_axes, numbers));
  if (!out) fail(ErrorCode::invalid_model, "an op has no operand");
  return *out;
}

Value with_shape(Value x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return ops::reshape(x, shape);
}

Value to_dtype(Value x, DType dtype) {
  return x.dtype() == dtype ? x : ops::cast(x, dtype);
}

Value scalar_tensor(Builder& builder, DType dtype, const Scalar& scalar) {
  if (scalar.value) return to_dtype(scalar.value, dtype);
  if (scalar.exact) {
    const Ratio& r = *scalar.exact;
    const auto above = r.numerator.constant();
    if (r.is_whole() && above) {
      Tensor t(dtype, {});
      if (is_integer(dtype)) {
        t.set_int(0, *above);
      } else {
        t.set(0, static_cast<double>(*above));
      }
      return ops::constant(builder, std::move(t));
    }
    if (!scalar.constant()) {
      const Value numerator = ops::dim_value(builder, r.numerator);
      if (r.is_whole()) return to_dtype(numerator, dtype);
      const Value denominator = ops::dim_value(builder, r.denominator);
      return to_dtype(ops::div(ops::cast(numerator, DType::f64), ops::cast(denominator, DType::f64)), dtype);
    }
  }
  return ops::constant(builder, Tensor::scalar(dtype, *scalar.constant()));
}

Value to_tensor(Builder& builder, const Operand& operand, DType dtype) {
  if (operand.is_tensor()) return to_dtype(operand.tensor, dtype);
  return scalar_tensor(builder, dtype, operand.scalar);
}

bool contradict(const Dim& a, const Dim& b) {
  if (a == b || a.has_unbacked() || b.has_unbacked()) return false;
  std::vector<std::string> names;
  a.collect_symbols(names);
  b.collect_symbols(names);
  for (int64_t probe = 0; probe < 5; ++probe) {
    DimBindings sizes;
    for (const std::string& name : names) {
      const auto index = static_cast<int64_t>(sizes.size());
      sizes.emplace(name, 840 * (1 + (probe * 7 + index * 3) % 5) + 11 * probe + 3 * index);
    }
    try {
      if (a.evaluate(sizes) != b.evaluate(sizes)) return true;
    } catch (const Error&) {
      return false;  // beyond what an integer holds
    }
  }
  return false;
}

void align_shapes(std::vector<Value>& values, const std::optional<Shape>& expected) {
  int rank = 0;
  for (const Value& v : values) rank = std::max(rank, v.rank());
  Shape target(static_cast<size_t>(rank), Dim(1));
  if (expected && static_cast<int>(expected->size()) == rank) {
    target = *expected;
    for (const Value& v : values)
      for (int i = 0; i < v.rank(); ++i)
        if (Dim& t = target[static_cast<size_t>(rank - v.rank() + i)];
            !v.dim(i).is_constant() && contradict(v.dim(i), t))
          t = v.dim(i);
  }
  // Without a declaration the first extent that is not 1 counts, constants before symbols.
  for (const Value& v : values) {
    for (int i = 0; i < v.rank(); ++i) {
      Dim& t = target[static_cast<size_t>(rank - v.rank() + i)];
      const Dim& d = v.dim(i);
      if (t == Dim(1) || (d.is_constant() && d != Dim(1) && !t.is_constant())) t = d;
    }
  }
  for (Value& v : values) {
    Shape shape = v.shape();
    for (int i = 0; i < v.rank(); ++i) {
      Dim& d = shape[static_cast<size_t>(i)];
      const Dim& t = target[static_cast<size_t>(rank - v.rank() + i)];
      if (!d.is_constant()) d = t;
    }
    v = with_shape(v, shape);
  }
}

}  // namespace accelerate::import::pt2
