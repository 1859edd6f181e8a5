#include <algorithm>
#include <limits>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

namespace {

int64_t integer_bound(double bound) {
  if (bound <= static_cast<double>(std::numeric_limits<int64_t>::min())) return std::numeric_limits<int64_t>::min();
  if (bound >= static_cast<double>(std::numeric_limits<int64_t>::max())) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(bound);
}

// Bounds that the type itself keeps are left out.
std::vector<Value> expand_clamp(Builder& builder, const Node& node, std::span<const Value> in) {
  DType dtype = in[0].dtype();
  double low = node.attrs.number("low");
  double high = node.attrs.number("high");
  Value x = in[0];
  if (is_float(dtype)) {
    if (!std::isinf(low) || low > 0) x = maximum(x, scalar(builder, dtype, low));
    if (!std::isinf(high) || high < 0) x = minimum(x, scalar(builder, dtype, high));
    return {x};
  }
  auto bits = static_cast<int>(8 * size_of(dtype));
  bool is_signed = is_signed_integer(dtype);
  double least = is_signed ? -std::ldexp(1, bits - 1) : 0;
  double most = std::ldexp(1, is_signed ? bits - 1 : bits) - 1;
  auto number = [&](double bound) {
    return constant(builder, Tensor::from<int64_t>(dtype, {}, {integer_bound(std::clamp(bound, least, most))}));
  };
  if (std::ceil(low) > least) x = maximum(x, number(std::ceil(low)));
  if (std::floor(high) < most) x = minimum(x, number(std::floor(high)));
  return {x};
}

}  // namespace

/// min(max(x, low), high); NaN stays NaN. A bound may be infinite. For integers the bounds are rounded inwards.
// api: Value clamp(Value x, double low, double high);
Value clamp(Value x, double low, double high) {
  return build("clamp", {x}, {{"low", low}, {"high", high}});
}

void register_clamp(OpRegistry& registry) {
  OpDef op = unary_op("clamp", "min(max(x, low), high)", ElementTypes::numbers, nullptr,
                      {{"low", AttrKind::number, std::nullopt, false, "lower bound"},
                       {"high", AttrKind::number, std::nullopt, false, "upper bound"}});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) {
    if (std::isnan(c.attrs.number("low")) || std::isnan(c.attrs.number("high")))
      fail(ErrorCode::invalid_argument, "the bounds are {} and {}; expected numbers", c.attrs.number("low"),
           c.attrs.number("high"));
    return infer(c);
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    double low = c.attrs.number("low");
    double high = c.attrs.number("high");
    if (is_float(x.dtype())) {
      Tensor low_value = Tensor::scalar(x.dtype(), low);
      Tensor high_value = Tensor::scalar(x.dtype(), high);
      low = low_value.get(0);
      high = high_value.get(0);
      for (int64_t i = 0, n = out.num_elements(); i < n; ++i) {
        double v = x.get(i);
        v = v < low ? low : v;
        out.set(i, v > high ? high : v);
      }
    } else {
      int64_t first = integer_bound(std::ceil(low));
      int64_t last = integer_bound(std::floor(high));
      for (int64_t i = 0, n = out.num_elements(); i < n; ++i) {
        if (x.dtype() == DType::u64 && x.get_int(i) < 0) {  // above 2^63
          out.set_int(i, last == std::numeric_limits<int64_t>::max() ? x.get_int(i) : std::max<int64_t>(last, 0));
        } else {
          out.set_int(i, std::min(std::max(x.get_int(i), first), last));
        }
      }
    }
  };
  op.expand = expand_clamp;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
