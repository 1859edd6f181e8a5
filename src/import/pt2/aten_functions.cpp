// Elementwise functions of one operand, conversions of dtype, and ops that change nothing in inference.
#include <cmath>
#include <numbers>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

Value number_like(Value x, double value) {
  return ops::constant(*x.builder, Tensor::scalar(x.dtype(), value));
}

/// Integers and bool become f32 first.
template <Value (*fn)(Value)>
Item of_floats(Call& c) {
  return fn(to_float(c.tensor("self")));
}

template <Value (*fn)(Value)>
Item of_any(Call& c) {
  return fn(c.tensor("self"));
}

/// Whole numbers stay as they are.
template <Value (*fn)(Value)>
Item rounding(Call& c) {
  const Value x = c.tensor("self");
  return is_float(x.dtype()) ? fn(x) : x;
}

Item negate(Call& c) {
  return ops::neg(c.tensor("self"));
}

template <Value (*fn)(Value)>
Item question(Call& c) {
  const Value x = c.tensor("self");
  if (is_float(x.dtype())) return fn(x);
  return ops::full(c.graph(), DType::boolean, x.shape(), 0);
}

Value is_finite(Value x) {
  return ops::logical_not(ops::logical_or(ops::is_nan(x), ops::is_inf(x)));
}

Item nan_to_num(Call& c) {
  const Value x = c.tensor("self");
  if (!is_float(x.dtype())) return x;
  const auto given = [&](std::string_view name) {
    return c.given(name) ? std::optional<double>(c.number(name)) : std::nullopt;
  };
  return ops::nan_to_num(x, c.number("nan", 0), given("posinf"), given("neginf"));
}

/// x * scale if x > 0, else (exp(x * input_scale) - 1) * alpha * scale.
Item elu(Call& c) {
  const Value x = c.tensor("self");
  const double alpha = c.number("alpha", 1);
  const double scale = c.number("scale", 1);
  const double input_scale = c.number("input_scale", 1);
  if (scale == 1 && input_scale == 1) return ops::elu(x, alpha);
  const Value low = ops::mul(ops::expm1(ops::mul(x, number_like(x, input_scale))), number_like(x, alpha * scale));
  return ops::where(ops::greater(x, number_like(x, 0)), ops::mul(x, number_like(x, scale)), low);
}

Item prelu(Call& c) {
  const Value x = c.tensor("self");
  Value weight = c.tensor("weight");
  if (weight.rank() == 1 && x.rank() > 1 && weight.dim(0) != Dim(1)) {
    Shape shape(static_cast<size_t>(x.rank()), Dim(1));
    shape[1] = weight.dim(0);
    weight = ops::reshape(weight, shape);
  }
  return ops::where(ops::greater(x, number_like(x, 0)), x, ops::mul(x, weight));
}

Item threshold(Call& c) {
  const Value x = c.tensor("self");
  return ops::where(ops::greater(x, number_like(x, c.number("threshold"))), x, number_like(x, c.number("value")));
}

Item hard_shrink(Call& c) {
  const Value x = c.tensor("self");
  return ops::where(ops::greater(ops::abs(x), number_like(x, c.number("lambd", 0.5))), x, number_like(x, 0));
}

Item soft_shrink(Call& c) {
  const Value x = c.tensor("self");
  const Value less = ops::maximum(ops::sub(ops::abs(x), number_like(x, c.number("lambd", 0.5))), number_like(x, 0));
  return ops::mul(ops::sign(x), less);
}

Item glu(Call& c) {
  const Value x = c.tensor("self");
  const int64_t axis = c.axis("dim", x.rank(), -1);
  const auto at = static_cast<size_t>(axis);
  const auto declared = c.declared_shape();
  const Dim half = declared && at < declared->size() ? (*declared)[at] : floordiv(x.shape().at(at), 2);
  Shape even = x.shape();
  if (!even.at(at).is_constant()) even[at] = half * 2;
  const auto halves = ops::split(with_shape(x, even), {half, half}, axis);
  return ops::mul(halves[0], ops::sigmoid(halves[1]));
}

Item logit(Call& c) {
  Value x = to_float(c.tensor("self"));
  if (c.given("eps")) x = ops::clamp(x, c.number("eps"), 1 - c.number("eps"));
  return ops::log(ops::div(x, ops::sub(number_like(x, 1), x)));
}

Item round_to(Call& c) {
  const Value x = c.tensor("self");
  const int64_t decimals = c.integer("decimals", 0);
  if (!is_float(x.dtype())) return x;
  if (decimals == 0) return ops::round(x);
  const Value factor = number_like(x, std::pow(10.0, static_cast<double>(std::abs(decimals))));
  if (decimals > 0) return ops::div(ops::round(ops::mul(x, factor)), factor);
  return ops::mul(ops::round(ops::div(x, factor)), factor);
}

Item scaled(Call& c, double factor) {
  const Value x = to_float(c.tensor("self"));
  return ops::mul(x, number_like(x, factor));
}

Value log10(Value x) {
  return ops::mul(ops::log(x), number_like(x, std::numbers::log10e));
}
Value erfc(Value x) {
  return ops::sub(number_like(x, 1), ops::erf(x));
}
Value relu6(Value x) {
  return ops::clamp(x, 0, 6);
}
Value tanh_shrink(Value x) {
  return ops::sub(x, ops::tanh(x));
}
Value log_sigmoid(Value x) {
  return ops::log_sigmoid(x);
}

/// To a dtype that may be left out, and to a device or layout, which do not matter here.
Item convert(Call& c) {
  const TensorItem x = c.any_tensor("self");
  if (x.is_complex) {
    if (c.given("dtype") && !c.is_complex_dtype()) c.refuse("a complex tensor is converted to a real one");
    return x;
  }
  if (c.is_complex_dtype()) {
    const Value real = to_dtype(x.value, DType::f32);
    return Item::complex(ops::stack({real, ops::sub(real, real)}, -1));
  }
  return to_dtype(x.value, c.dtype().value_or(x.value.dtype()));
}

Item same(Call& c) {
  return c.any_tensor("self");
}

Item dropout(Call& c) {
  if (c.boolean("train", false) && c.number("p", 0.5) != 0)
    c.refuse("the program was captured in training mode: its dropout is on; capture model.eval()");
  return c.any_tensor("input");
}

Item native_dropout(Call& c) {
  if (c.boolean("train", false) && c.number("p") != 0)
    c.refuse("the program was captured in training mode: its dropout is on; capture model.eval()");
  const Value x = c.tensor("input");
  return std::vector<Value>{x, ops::full(c.graph(), DType::boolean, x.shape(), 1)};
}

/// The content of `src` in the place of `self`.
Item copy(Call& c) {
  const Value x = c.tensor("self");
  return expand_to(to_dtype(c.tensor("src"), x.dtype()), x.shape());
}

Item fill(Call& c) {
  const Value x = c.tensor("self");
  const Operand value = c.operand("value");
  if (!value.is_tensor()) return filled(c, x.dtype(), x.shape(), value.scalar);
  return expand_to(to_dtype(value.tensor, x.dtype()), x.shape());
}

constexpr auto kParts = Mapping::Complex::each_part;
constexpr auto kHandled = Mapping::Complex::handled;

constexpr Mapping kMappings[] = {
    {"aten.acos.default", of_floats<ops::acos>},
    {"aten.acosh.default", of_floats<ops::acosh>},
    {"aten.asin.default", of_floats<ops::asin>},
    {"aten.asinh.default", of_floats<ops::asinh>},
    {"aten.atan.default", of_floats<ops::atan>},
    {"aten.atanh.default", of_floats<ops::atanh>},
    {"aten.arcsin.default", of_floats<ops::asin>},
    {"aten.arccos.default", of_floats<ops::acos>},
    {"aten.arctan.default", of_floats<ops::atan>},
    {"aten.cos.default", of_floats<ops::cos>},
    {"aten.cosh.default", of_floats<ops::cosh>},
    {"aten.sin.default", of_floats<ops::sin>},
    {"aten.sinh.default", of_floats<ops::sinh>},
    {"aten.tan.default", of_floats<ops::tan>},
    {"aten.tanh.default", of_floats<ops::tanh>},
    {"aten.exp2.default", of_floats<ops::exp2>},
    {"aten.special_exp2.default", of_floats<ops::exp2>},
    {"aten.expm1.default", of_floats<ops::expm1>},
    {"aten.special_expm1.default", of_floats<ops::expm1>},
    {"aten.log.default", of_floats<ops::log>},
    {"aten.log1p.default", of_floats<ops::log1p>},
    {"aten.special_log1p.default", of_floats<ops::log1p>},
    {"aten.log2.default", of_floats<ops::log2>},
    {"aten.log10.default", of_floats<log10>},
    {"aten.sqrt.default", of_floats<ops::sqrt>},
    {"aten.rsqrt.default", of_floats<ops::rsqrt>},
    {"aten.reciprocal.default", of_floats<ops::reciprocal>},
    {"aten.sigmoid.default", of_floats<ops::sigmoid>},
    {"aten.special_expit.default", of_floats<ops::sigmoid>},
    {"aten.erf.default", of_floats<ops::erf>},
    {"aten.special_erf.default", of_floats<ops::erf>},
    {"aten.erfc.default", of_floats<erfc>},
    {"aten.special_erfc.default", of_floats<erfc>},
    {"aten.erfinv.default", of_floats<ops::erfinv>},
    {"aten.special_erfinv.default", of_floats<ops::erfinv>},
    {"aten.lgamma.default", of_floats<ops::lgamma>},
    {"aten.special_gammaln.default", of_floats<ops::lgamma>},
    {"aten.digamma.default", of_floats<ops::digamma>},
    {"aten.special_digamma.default", of_floats<ops::digamma>},
    {"aten.special_sinc.default", of_floats<ops::sinc>},
    {"aten.sinc.default", of_floats<ops::sinc>},
    {"aten.square.default", of_any<ops::square>},
    {"aten.neg.default", negate, kParts},
    {"aten.negative.default", negate, kParts},
    {"aten.sign.default", of_any<ops::sign>},
    {"aten.sgn.default", of_any<ops::sign>},
    {"aten.frac.default", of_any<ops::frac>},
    {"aten.ceil.default", rounding<ops::ceil>},
    {"aten.floor.default", rounding<ops::floor>},
    {"aten.trunc.default", rounding<ops::trunc>},
    {"aten.fix.default", rounding<ops::trunc>},
    {"aten.round.default", round_to},
    {"aten.round.decimals", round_to},
    {"aten.deg2rad.default", [](Call& c) { return scaled(c, std::numbers::pi / 180); }},
    {"aten.rad2deg.default", [](Call& c) { return scaled(c, 180 / std::numbers::pi); }},
    {"aten.relu.default", of_any<ops::relu>},
    {"aten.relu6.default", of_any<relu6>},
    {"aten.silu.default", of_any<ops::silu>},
    {"aten.mish.default", of_any<ops::mish>},
    {"aten.selu.default", of_any<ops::selu>},
    {"aten.hardswish.default", of_any<ops::hard_swish>},
    {"aten.hardsigmoid.default", of_any<ops::hard_sigmoid>},
    {"aten.log_sigmoid.default", of_any<log_sigmoid>},
    {"aten.log_sigmoid_forward.default",
     [](Call& c) -> Item {
       const Value x = c.tensor("self");
       return std::vector<Value>{ops::log_sigmoid(x), x};
     }},
    {"aten.tanhshrink.default", of_any<tanh_shrink>},
    {"aten.gelu.default", [](Call& c) -> Item { return ops::gelu(c.tensor("self"), c.string("approximate", "none")); }},
    {"aten.leaky_relu.default",
     [](Call& c) -> Item { return ops::leaky_relu(c.tensor("self"), c.number("negative_slope", 0.01)); }},
    {"aten.celu.default", [](Call& c) -> Item { return ops::celu(c.tensor("self"), c.number("alpha", 1)); }},
    {"aten.softplus.default",
     [](Call& c) -> Item { return ops::softplus(c.tensor("self"), c.number("beta", 1), c.number("threshold", 20)); }},
    {"aten.elu.default", elu},
    {"aten.prelu.default", prelu},
    {"aten._prelu_kernel.default", prelu},
    {"aten.threshold.default", threshold},
    {"aten.hardshrink.default", hard_shrink},
    {"aten.softshrink.default", soft_shrink},
    {"aten.glu.default", glu},
    {"aten.logit.default", logit},
    {"aten.special_logit.default", logit},
    {"aten.bitwise_not.default", of_any<ops::bitwise_not>},
    {"aten.logical_not.default", of_any<ops::logical_not>},
    {"aten.isnan.default", question<ops::is_nan>},
    {"aten.isinf.default", question<ops::is_inf>},
    {"aten.isfinite.default",
     [](Call& c) -> Item {
       const Value x = c.tensor("self");
       return is_float(x.dtype()) ? is_finite(x) : ops::full(c.graph(), DType::boolean, x.shape(), 1);
     }},
    {"aten.nan_to_num.default", nan_to_num},

    {"aten.to.dtype", convert, kHandled},
    {"aten.to.dtype_layout", convert, kHandled},
    {"aten.to.device", convert, kHandled},
    {"aten._to_copy.default", convert, kHandled},
    {"aten.to.other", [](Call& c) -> Item { return to_dtype(c.tensor("self"), c.tensor("other").dtype()); }},
    {"aten.type_as.default", [](Call& c) -> Item { return to_dtype(c.tensor("self"), c.tensor("other").dtype()); }},
    {"aten.clone.default", same, kHandled},
    {"aten.contiguous.default", same, kHandled},
    {"aten.detach.default", same, kHandled},
    {"aten.detach_copy.default", same, kHandled},
    {"aten.alias.default", same, kHandled},
    {"aten.alias_copy.default", same, kHandled},
    {"aten.lift.default", same, kHandled},
    {"aten.lift_fresh.default", same, kHandled},
    {"aten.lift_fresh_copy.default", same, kHandled},
    {"aten.requires_grad.default", same, kHandled},
    {"aten.positive.default", same, kHandled},
    {"aten._conj.default",
     [](Call& c) -> Item {
       const TensorItem x = c.any_tensor("self");
       if (!x.is_complex) return x;
       const Value real = ops::select(x.value, -1, 0);
       return Item::complex(ops::stack({real, ops::neg(ops::select(x.value, -1, 1))}, -1));
     },
     kHandled},
    {"aten.resolve_conj.default", same, kHandled},
    {"aten.resolve_neg.default", same, kHandled},
    {"aten.dropout.default", dropout, kHandled},
    {"aten.feature_dropout.default", dropout},
    {"aten.alpha_dropout.default", dropout},
    {"aten.native_dropout.default", native_dropout},
    {"aten.copy.default", copy, kParts},
    {"aten.fill.Scalar", fill},
    {"aten.fill.Tensor", fill},
    {"aten.zero.default",
     [](Call& c) -> Item {
       const Value x = c.tensor("self");
       return ops::full(c.graph(), x.dtype(), x.shape(), 0);
     }},
};

}  // namespace

std::span<const Mapping> function_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
