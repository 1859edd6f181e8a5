#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// How many elements of x lie in each of `bins` equal parts of [low, high] (of [min, max] of x if low = high): [bins]
/// of the dtype of x. The last part includes high; elements outside and NaN are not counted. As torch.histc.
// api: Value histc(Value x, int64_t bins, double low = 0, double high = 0);
Value histc(Value x, int64_t bins, double low, double high) {
  return build("histc", {x}, {{"bins", bins}, {"low", low}, {"high", high}});
}

namespace {

template <typename Real>
void count_parts(const Tensor& x, int64_t bins, double given_low, double given_high, Tensor& out) {
  auto low = static_cast<Real>(given_low);
  auto high = static_cast<Real>(given_high);
  int64_t n = x.num_elements();
  if (low == high && n > 0) {
    low = high = static_cast<Real>(x.get(0));
    for (int64_t i = 0; i < n; ++i) {
      auto value = static_cast<Real>(x.get(i));
      if (!std::isfinite(value))
        fail(ErrorCode::invalid_argument, "element {} is {}: there is no range to count in; give low and high", i,
             value);
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low == high) {
    low -= 1;
    high += 1;
  }
  std::vector<int64_t> counts(static_cast<size_t>(bins), 0);
  for (int64_t i = 0; i < n; ++i) {
    auto value = static_cast<Real>(x.get(i));
    if (!(value >= low && value <= high)) continue;
    auto part = static_cast<int64_t>((value - low) * static_cast<Real>(bins) / (high - low));
    ++counts[static_cast<size_t>(std::min(part, bins - 1))];
  }
  for (int64_t i = 0; i < bins; ++i) out.set(i, static_cast<double>(counts[static_cast<size_t>(i)]));
}

}  // namespace

void register_histc(OpRegistry& registry) {
  OpDef op;
  op.name = "histc";
  op.doc = "how many elements of x lie in each of equal parts of a range: [bins]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"bins", AttrKind::integer, std::nullopt, false, "number of parts"},
              {"low", AttrKind::number, Attr(0.0), false, "begin of the range"},
              {"high", AttrKind::number, Attr(0.0), false, "end of the range; equal to low: the range of x"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_number, "a float or integer type");
    int64_t bins = c.attrs.integer("bins");
    double low = c.attrs.number("low");
    double high = c.attrs.number("high");
    if (bins < 1 || bins > (int64_t{1} << 31))
      fail(ErrorCode::invalid_argument, "bins is {}; expected 1 or more", bins);
    if (!std::isfinite(low) || !std::isfinite(high) || low > high)
      fail(ErrorCode::invalid_argument, "the range is {} to {}; expected finite numbers in order", low, high);
    return {{c.operand(0).dtype, {Dim(bins)}}};
  };
  op.reference = [](EvalContext& c) {
    const Attrs& a = c.attrs;
    if (c.inputs[0].dtype() == DType::f32) {
      count_parts<float>(c.inputs[0], a.integer("bins"), a.number("low"), a.number("high"), c.outputs[0]);
    } else {
      count_parts<double>(c.inputs[0], a.integer("bins"), a.number("low"), a.number("high"), c.outputs[0]);
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
