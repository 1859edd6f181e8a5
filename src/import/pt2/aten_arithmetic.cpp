// Elementwise ops of two operands: arithmetic, comparisons, logic, choice.
#include <cmath>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {

Value broadcast_binary(Call& c, Value (*fn)(Value, Value), const Operand& a, const Operand& b, DType dtype) {
  std::vector<Value> values = {to_tensor(c.graph(), a, dtype), to_tensor(c.graph(), b, dtype)};
  align_shapes(values, c.declared_shape());
  return fn(values[0], values[1]);
}

Value expand_to(Value x, const Shape& shape) {
  std::vector<Value> values = {x};
  if (x.rank() > static_cast<int>(shape.size()))
    fail(ErrorCode::invalid_model, "{} cannot be expanded to {}", x.type().to_string(), to_string(shape));
  Shape same = x.shape();
  const size_t shift = shape.size() - same.size();
  for (size_t i = 0; i < same.size(); ++i)
    if (same[i] != Dim(1) && !(same[i].is_constant() && shape[i + shift].is_constant())) same[i] = shape[i + shift];
  return ops::expand(with_shape(x, same), shape);
}

Value filled(Call& c, DType dtype, const Shape& shape, const Scalar& value) {
  if (const auto number = value.constant(); number && (!is_integer(dtype) || std::abs(*number) < 0x1p53))
    return ops::full(c.graph(), dtype, shape, *number);
  return ops::expand(scalar_tensor(c.graph(), dtype, value), shape);
}

namespace {

DType common(const Operand& a, const Operand& b) {
  const Operand both[] = {a, b};
  return result_type(both);
}

template <Value (*fn)(Value, Value)>
Item binary(Call& c) {
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  return broadcast_binary(c, fn, a, b, common(a, b));
}

/// Integers and bool become floats.
template <Value (*fn)(Value, Value)>
Item float_binary(Call& c) {
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  return broadcast_binary(c, fn, a, b, float_dtype(common(a, b)));
}

template <Value (*fn)(Value, Value)>
Item compare(Call& c) {
  return binary<fn>(c);
}

/// Operands of any dtype; the question is whether they are not 0.
template <Value (*fn)(Value, Value)>
Item logical(Call& c) {
  const Operand a{c.tensor("self"), {}};
  const Operand b{c.tensor("other"), {}};
  return broadcast_binary(c, fn, a, b, promote(a.dtype(), b.dtype()));
}

/// other, times alpha if there is one.
Operand scaled_other(Call& c, const Operand& other, DType dtype) {
  if (!c.given("alpha")) return other;
  const Scalar alpha = c.scalar("alpha");
  if (alpha.constant() == 1.0) return other;
  const Value tensor = to_tensor(c.graph(), other, dtype);
  return {ops::mul(tensor, scalar_tensor(c.graph(), dtype, alpha)), {}};
}

template <Value (*fn)(Value, Value)>
Item additive(Call& c) {
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  const DType dtype = common(a, b);
  return broadcast_binary(c, fn, a, scaled_other(c, b, dtype), dtype);
}

Item reverse_sub(Call& c) {
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  const DType dtype = common(a, b);
  return broadcast_binary(c, ops::sub, b, scaled_other(c, a, dtype), dtype);
}

/// A complex sum: a real operand has no imaginary part.
template <Value (*fn)(Value, Value)>
Item additive_or_complex(Call& c) {
  const auto is_complex = [&](std::string_view name) {
    const Item item = c.item(name);
    return item.tensor() != nullptr && item.tensor()->is_complex;
  };
  if (!is_complex("self") && !is_complex("other")) return additive<fn>(c);
  const auto pairs = [&](std::string_view name) -> Value {
    if (is_complex(name)) return c.any_tensor(name).value;
    const Value real = to_tensor(c.graph(), c.operand(name), DType::f32);
    return ops::stack({real, ops::sub(real, real)}, -1);
  };
  std::vector<Value> both = {pairs("self"), pairs("other")};
  align_shapes(both, c.declared_shape());
  return Item::complex(fn(both[0], both[1]));
}

Item multiply(Call& c) {
  const Item a = c.item("self");
  const Item b = c.item("other");
  const auto is_complex = [](const Item& item) { return item.tensor() != nullptr && item.tensor()->is_complex; };
  if (!is_complex(a) && !is_complex(b)) return binary<ops::mul>(c);
  if (is_complex(a) != is_complex(b)) {
    // A real factor acts on both parts alike.
    const Value pairs = (is_complex(a) ? a : b).tensor()->value;
    const Value factor = to_tensor(c.graph(), c.operand(is_complex(a) ? "other" : "self"), pairs.dtype());
    std::vector<Value> both = {pairs, ops::unsqueeze(factor, -1)};
    if (factor.rank() == 0) both[1] = factor;
    align_shapes(both, c.declared_shape());
    return Item::complex(ops::mul(both[0], both[1]));
  }
  std::vector<Value> both = {a.tensor()->value, b.tensor()->value};
  align_shapes(both, c.declared_shape());
  const auto part = [&](size_t i, int64_t p) { return ops::select(both[i], -1, p); };
  const Value real = ops::sub(ops::mul(part(0, 0), part(1, 0)), ops::mul(part(0, 1), part(1, 1)));
  const Value imaginary = ops::add(ops::mul(part(0, 0), part(1, 1)), ops::mul(part(0, 1), part(1, 0)));
  return Item::complex(ops::stack({real, imaginary}, -1));
}

Item divide_with_mode(Call& c) {
  const std::string mode = c.string("rounding_mode", "");
  if (mode == "floor") return binary<ops::floor_divide>(c);
  if (mode == "trunc") return binary<ops::trunc_divide>(c);
  if (!mode.empty()) c.refuse("rounding_mode is '{}'; expected floor or trunc", printable(mode));
  return float_binary<ops::div>(c);
}

Item power_of(Call& c) {
  const Operand base = c.operand("self");
  const Operand exponent = c.operand("exponent");
  const DType dtype = common(base, exponent);
  if (base.is_tensor() && !exponent.is_tensor() && is_float(dtype)) {
    const Value x = to_dtype(base.tensor, dtype);
    const auto number = exponent.scalar.constant();
    if (number == 1.0) return x;
    if (number == 2.0) return ops::square(x);
    if (number == 3.0) return ops::mul(ops::square(x), x);
    if (number == 0.5) return ops::sqrt(x);
    if (number == -0.5) return ops::rsqrt(x);
    if (number == -1.0) return ops::reciprocal(x);
  }
  return broadcast_binary(c, ops::pow, base, exponent, dtype);
}

Item where(Call& c) {
  const Value condition = c.tensor("condition");
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  const DType dtype = common(a, b);
  std::vector<Value> values = {to_dtype(condition, DType::boolean), to_tensor(c.graph(), a, dtype),
                               to_tensor(c.graph(), b, dtype)};
  align_shapes(values, c.declared_shape());
  return ops::where(values[0], values[1], values[2]);
}

Item masked_fill(Call& c) {
  const Value x = c.tensor("self");
  std::vector<Value> values = {to_dtype(c.tensor("mask"), DType::boolean),
                               to_tensor(c.graph(), c.operand("value"), x.dtype()), x};
  align_shapes(values, c.declared_shape());
  return ops::where(values[0], values[1], values[2]);
}

/// The number that is not NaN, if there is one.
template <Value (*fn)(Value, Value)>
Item ignoring_nan(Call& c) {
  const Operand a = c.operand("self");
  const Operand b = c.operand("other");
  const DType dtype = common(a, b);
  std::vector<Value> v = {to_tensor(c.graph(), a, dtype), to_tensor(c.graph(), b, dtype)};
  align_shapes(v, c.declared_shape());
  if (!is_float(dtype)) return fn(v[0], v[1]);
  return ops::where(ops::is_nan(v[0]), v[1], ops::where(ops::is_nan(v[1]), v[0], fn(v[0], v[1])));
}

/// self + value * tensor1 * tensor2, or their quotient.
template <Value (*fn)(Value, Value)>
Item add_scaled(Call& c) {
  const Operand x{c.tensor("self"), {}};
  const Operand a{c.tensor("tensor1"), {}};
  const Operand b{c.tensor("tensor2"), {}};
  const Operand all[] = {x, a, b};
  const DType dtype = result_type(all);
  std::vector<Value> v = {to_dtype(x.tensor, dtype), to_dtype(a.tensor, dtype), to_dtype(b.tensor, dtype)};
  align_shapes(v, c.declared_shape());
  Value product = fn(v[1], v[2]);
  if (c.given("value") && c.scalar("value").constant() != 1.0)
    product = ops::mul(product, scalar_tensor(c.graph(), dtype, c.scalar("value")));
  return ops::add(v[0], product);
}

Item lerp(Call& c) {
  const Value x = c.tensor("self");
  std::vector<Value> v = {x, c.tensor("end"), to_tensor(c.graph(), c.operand("weight"), x.dtype())};
  align_shapes(v, c.declared_shape());
  return ops::add(v[0], ops::mul(v[2], ops::sub(v[1], v[0])));
}

Item clamp(Call& c, std::string_view low_name, std::string_view high_name) {
  std::vector<Operand> operands = {{c.tensor("self"), {}}};
  const bool has_low = !low_name.empty() && c.given(low_name);
  const bool has_high = !high_name.empty() && c.given(high_name);
  if (has_low) operands.push_back(c.operand(low_name));
  if (has_high) operands.push_back(c.operand(high_name));
  const DType dtype = result_type(operands);
  const Value x = to_dtype(operands[0].tensor, dtype);
  const auto number = [&](const Operand& o) -> std::optional<double> {
    if (o.is_tensor()) return std::nullopt;
    const auto constant = o.scalar.constant();
    if (!constant || std::isnan(*constant) || (is_integer(dtype) && std::abs(*constant) > 0x1p53)) return std::nullopt;
    return constant;
  };
  std::optional<double> low = -INFINITY;
  std::optional<double> high = INFINITY;
  if (has_low) low = number(operands[1]);
  if (has_high) high = number(operands.back());
  if (low && high && *low <= *high) return ops::clamp(x, *low, *high);
  std::vector<Value> values = {x};
  for (size_t i = 1; i < operands.size(); ++i) values.push_back(to_tensor(c.graph(), operands[i], dtype));
  align_shapes(values, c.declared_shape());
  Value out = values[0];
  if (has_low) out = ops::maximum(out, values[1]);
  if (has_high) out = ops::minimum(out, values.back());
  return out;
}

constexpr auto kHandled = Mapping::Complex::handled;

constexpr Mapping kMappings[] = {
    {"aten.add.Tensor", additive_or_complex<ops::add>, kHandled},
    {"aten.add.Scalar", additive_or_complex<ops::add>, kHandled},
    {"aten.sub.Tensor", additive_or_complex<ops::sub>, kHandled},
    {"aten.sub.Scalar", additive_or_complex<ops::sub>, kHandled},
    {"aten.subtract.Tensor", additive_or_complex<ops::sub>, kHandled},
    {"aten.subtract.Scalar", additive_or_complex<ops::sub>, kHandled},
    {"aten.rsub.Tensor", reverse_sub},
    {"aten.rsub.Scalar", reverse_sub},
    {"aten.mul.Tensor", multiply, kHandled},
    {"aten.mul.Scalar", multiply, kHandled},
    {"aten.multiply.Tensor", multiply, kHandled},
    {"aten.multiply.Scalar", multiply, kHandled},
    {"aten.div.Tensor", float_binary<ops::div>},
    {"aten.div.Scalar", float_binary<ops::div>},
    {"aten.divide.Tensor", float_binary<ops::div>},
    {"aten.divide.Scalar", float_binary<ops::div>},
    {"aten.true_divide.Tensor", float_binary<ops::div>},
    {"aten.true_divide.Scalar", float_binary<ops::div>},
    {"aten.div.Tensor_mode", divide_with_mode},
    {"aten.div.Scalar_mode", divide_with_mode},
    {"aten.divide.Tensor_mode", divide_with_mode},
    {"aten.divide.Scalar_mode", divide_with_mode},
    {"aten.floor_divide.default", binary<ops::floor_divide>},
    {"aten.floor_divide.Scalar", binary<ops::floor_divide>},
    {"aten.remainder.Tensor", binary<ops::remainder>},
    {"aten.remainder.Scalar", binary<ops::remainder>},
    {"aten.remainder.Scalar_Tensor", binary<ops::remainder>},
    {"aten.fmod.Tensor", binary<ops::fmod>},
    {"aten.fmod.Scalar", binary<ops::fmod>},
    {"aten.pow.Tensor_Tensor", power_of},
    {"aten.pow.Tensor_Scalar", power_of},
    {"aten.pow.Scalar", power_of},
    {"aten.atan2.default", float_binary<ops::atan2>},
    {"aten.arctan2.default", float_binary<ops::atan2>},
    {"aten.hypot.default", float_binary<ops::hypot>},
    {"aten.copysign.Tensor", float_binary<ops::copysign>},
    {"aten.copysign.Scalar", float_binary<ops::copysign>},
    {"aten.xlogy.Tensor", float_binary<ops::xlogy>},
    {"aten.xlogy.Scalar_Self", float_binary<ops::xlogy>},
    {"aten.xlogy.Scalar_Other", float_binary<ops::xlogy>},
    {"aten.special_xlogy.default", float_binary<ops::xlogy>},
    {"aten.logaddexp.default", float_binary<ops::log_add_exp>},
    {"aten.heaviside.default",
     [](Call& c) -> Item {
       const Operand x = c.operand("self");
       const Operand at_zero = c.operand("values");
       return broadcast_binary(c, ops::heaviside, x, at_zero, common(x, at_zero));
     }},
    {"aten.maximum.default", binary<ops::maximum>},
    {"aten.minimum.default", binary<ops::minimum>},
    {"aten.max.other", binary<ops::maximum>},
    {"aten.min.other", binary<ops::minimum>},
    {"aten.fmax.default", ignoring_nan<ops::maximum>},
    {"aten.fmin.default", ignoring_nan<ops::minimum>},
    {"aten.eq.Tensor", compare<ops::equal>},
    {"aten.eq.Scalar", compare<ops::equal>},
    {"aten.ne.Tensor", compare<ops::not_equal>},
    {"aten.ne.Scalar", compare<ops::not_equal>},
    {"aten.lt.Tensor", compare<ops::less>},
    {"aten.lt.Scalar", compare<ops::less>},
    {"aten.le.Tensor", compare<ops::less_equal>},
    {"aten.le.Scalar", compare<ops::less_equal>},
    {"aten.gt.Tensor", compare<ops::greater>},
    {"aten.gt.Scalar", compare<ops::greater>},
    {"aten.ge.Tensor", compare<ops::greater_equal>},
    {"aten.ge.Scalar", compare<ops::greater_equal>},
    {"aten.less.Tensor", compare<ops::less>},
    {"aten.less.Scalar", compare<ops::less>},
    {"aten.less_equal.Tensor", compare<ops::less_equal>},
    {"aten.less_equal.Scalar", compare<ops::less_equal>},
    {"aten.greater.Tensor", compare<ops::greater>},
    {"aten.greater.Scalar", compare<ops::greater>},
    {"aten.greater_equal.Tensor", compare<ops::greater_equal>},
    {"aten.greater_equal.Scalar", compare<ops::greater_equal>},
    {"aten.not_equal.Tensor", compare<ops::not_equal>},
    {"aten.not_equal.Scalar", compare<ops::not_equal>},
    {"aten.bitwise_and.Tensor", binary<ops::bitwise_and>},
    {"aten.bitwise_and.Scalar", binary<ops::bitwise_and>},
    {"aten.bitwise_or.Tensor", binary<ops::bitwise_or>},
    {"aten.bitwise_or.Scalar", binary<ops::bitwise_or>},
    {"aten.bitwise_xor.Tensor", binary<ops::bitwise_xor>},
    {"aten.bitwise_xor.Scalar", binary<ops::bitwise_xor>},
    {"aten.__and__.Tensor", binary<ops::bitwise_and>},
    {"aten.__and__.Scalar", binary<ops::bitwise_and>},
    {"aten.__or__.Tensor", binary<ops::bitwise_or>},
    {"aten.__or__.Scalar", binary<ops::bitwise_or>},
    {"aten.__xor__.Tensor", binary<ops::bitwise_xor>},
    {"aten.__xor__.Scalar", binary<ops::bitwise_xor>},
    {"aten.__lshift__.Tensor", binary<ops::shift_left>},
    {"aten.__lshift__.Scalar", binary<ops::shift_left>},
    {"aten.__rshift__.Tensor", binary<ops::shift_right>},
    {"aten.__rshift__.Scalar", binary<ops::shift_right>},
    {"aten.bitwise_left_shift.Tensor", binary<ops::shift_left>},
    {"aten.bitwise_left_shift.Tensor_Scalar", binary<ops::shift_left>},
    {"aten.bitwise_right_shift.Tensor", binary<ops::shift_right>},
    {"aten.bitwise_right_shift.Tensor_Scalar", binary<ops::shift_right>},
    {"aten.logical_and.default", logical<ops::logical_and>},
    {"aten.logical_or.default", logical<ops::logical_or>},
    {"aten.logical_xor.default", logical<ops::logical_xor>},
    {"aten.where.self", where},
    {"aten.where.Scalar", where},
    {"aten.where.ScalarOther", where},
    {"aten.where.ScalarSelf", where},
    {"aten.masked_fill.Scalar", masked_fill},
    {"aten.masked_fill.Tensor", masked_fill},
    {"aten.addcmul.default", add_scaled<ops::mul>},
    {"aten.addcdiv.default", add_scaled<ops::div>},
    {"aten.lerp.Scalar", lerp},
    {"aten.lerp.Tensor", lerp},
    {"aten.clamp.default", [](Call& c) { return clamp(c, "min", "max"); }},
    {"aten.clamp.Tensor", [](Call& c) { return clamp(c, "min", "max"); }},
    {"aten.clip.default", [](Call& c) { return clamp(c, "min", "max"); }},
    {"aten.clip.Tensor", [](Call& c) { return clamp(c, "min", "max"); }},
    {"aten.clamp_min.default", [](Call& c) { return clamp(c, "min", ""); }},
    {"aten.clamp_min.Tensor", [](Call& c) { return clamp(c, "min", ""); }},
    {"aten.clamp_max.default", [](Call& c) { return clamp(c, "", "max"); }},
    {"aten.clamp_max.Tensor", [](Call& c) { return clamp(c, "", "max"); }},
    {"aten.hardtanh.default",
     [](Call& c) -> Item { return ops::clamp(c.tensor("self"), c.number("min_val", -1), c.number("max_val", 1)); }},
};

}  // namespace

std::span<const Mapping> arithmetic_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
