#include <algorithm>
#include <optional>

#include "accelerate/ops.h"
#include "ops/resize_taps.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with other spatial extents, by interpolation of each axis (see ResizeOptions).
/// Shapes: x [N,C,...] ("NHWC": [N,...,C]) -> [N,C,sizes...]. linear and cubic need a float type and compute f16 and
/// bf16 in f32; positions outside of x read its border. Source: ONNX Resize; antialias as PIL and PyTorch.
// api: Value resize(Value x, Shape sizes, ResizeOptions options = {});
Value resize(Value x, Shape sizes, ResizeOptions options) {
  return build("resize", {x},
               {{"sizes", std::move(sizes)},
                {"mode", std::move(options.mode)},
                {"coordinates", std::move(options.coordinates)},
                {"rounding", std::move(options.rounding)},
                {"scales", std::move(options.scales)},
                {"antialias", options.antialias},
                {"cubic_coefficient", options.cubic_coefficient},
                {"layout", std::move(options.layout)}});
}

namespace {

std::vector<TensorType> infer_resize(const InferContext& c) {
  require_dtype(c, 0, is_data, "a tensor");
  require_rank(c, 0, 3, 5);
  const TensorType& x = c.operand(0);
  const std::string& mode = c.attrs.string("mode");
  require_one_of("mode", mode, {"nearest", "linear", "cubic"});
  require_one_of("coordinates", c.attrs.string("coordinates"),
                 {"half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"});
  require_one_of("rounding", c.attrs.string("rounding"), {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"});
  if (mode != "nearest") require_dtype(c, 0, is_float, "a float type to interpolate");
  if (c.attrs.boolean("antialias") && (mode == "nearest" || c.attrs.string("coordinates") != "half_pixel"))
    fail(ErrorCode::invalid_argument,
         "antialias with mode {} and coordinates {}; expected linear or cubic, and half_pixel", mode,
         c.attrs.string("coordinates"));
  const Shape& sizes = c.attrs.dims("sizes");
  const auto& scales = c.attrs.numbers("scales");
  bool channels_last = channel_axis(c.attrs.string("layout"), x.rank()) != 1;
  if (sizes.size() + 2 != x.shape.size() || (!scales.empty() && scales.size() != sizes.size()))
    fail(ErrorCode::invalid_shape, "sizes {} and {} scales for {}; expected one for each spatial axis",
         to_string(sizes), scales.size(), x.to_string());
  for (double scale : scales)
    if (!(scale > 0) || !std::isfinite(scale))
      fail(ErrorCode::invalid_argument, "a scale is {}; expected more than 0", scale);
  Shape shape = channels_first(x.shape, channels_last);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].constant().value_or(1) < 1 || shape[i + 2].constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} resized to {}; expected 1 or more", shape[i + 2].to_string(),
           sizes[i].to_string());
    shape[i + 2] = sizes[i];
  }
  return {{x.dtype, from_channels_first(shape, channels_last)}};
}

void reference_resize(EvalContext& c) {
  bool nearest = c.attrs.string("mode") == "nearest";
  Tensor x = nearest ? c.inputs[0] : c.inputs[0].cast(DType::f64);
  auto sizes = c.extents("sizes");
  size_t first = c.attrs.string("layout") == "NCHW" ? 2 : 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    size_t axis = first + i;
    int64_t from = x.shape()[axis];
    if (from < 1 || sizes[i] < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} resized to {}; expected 1 or more", from, sizes[i]);
    auto shape = x.shape();
    shape[axis] = sizes[i];
    Tensor out(x.dtype(), shape);
    std::vector<std::vector<ResizeTap>> taps;
    for (int64_t k = 0; k < sizes[i]; ++k)
      taps.push_back(resize_taps(c.attrs, k, from, sizes[i], resize_scale(c.attrs, i)));
    auto strides = strides_of(x.shape());
    int64_t at = 0;
    for_each_index(shape, [&](const std::vector<int64_t>& index) {
      int64_t base = offset_of(index, strides) - index[axis] * strides[axis];
      const auto& list = taps[static_cast<size_t>(index[axis])];
      if (nearest) {
        copy_element(x, base + list[0].position * strides[axis], out, at++);
        return;
      }
      double sum = 0;
      for (const ResizeTap& tap : list) sum += tap.weight * x.get(base + tap.position * strides[axis]);
      out.set(at++, sum);
    });
    x = out;
  }
  c.outputs[0] = x.cast(c.outputs[0].dtype());
}

// Builds the taps of one axis out of ops, in exact integer arithmetic where the scale is the quotient of the extents.
class AxisTaps {
 public:
  AxisTaps(Builder& builder, const Attrs& attrs, Dim from, Dim to, std::optional<double> scale, DType dtype)
      : builder_(builder), attrs_(attrs), from_(std::move(from)), to_(std::move(to)), scale_(scale), dtype_(dtype) {
    Value i = iota(builder_, DType::i64, to_);
    const std::string& coordinates = attrs_.string("coordinates");
    if (coordinates == "align_corners") {
      numerator_ = mul(i, integer(from_ - 1));
      denominator_ = integer(max(to_ - 1, 1));
    } else if (scale_) {
      real_ = cast(i, dtype_);
      if (coordinates == "asymmetric") {
        real_ = mul(real_, real(1 / *scale_));
      } else {
        real_ = sub(mul(add(real_, real(0.5)), real(1 / *scale_)), real(0.5));
        if (coordinates == "half_pixel_symmetric") {
          Value in = cast(integer(from_), dtype_);
          Value shrink = div(cast(integer(to_), dtype_), mul(in, real(*scale_)));
          real_ = add(real_, mul(mul(in, real(0.5)), sub(real(1), shrink)));
        }
      }
    } else if (coordinates == "asymmetric") {
      numerator_ = mul(i, integer(from_));
      denominator_ = integer(to_);
    } else {
      numerator_ = sub(mul(add(mul(i, integer(2)), integer(1)), integer(from_)), integer(to_));
      denominator_ = integer(to_ * Dim(2));
    }
  }

  // Rounded positions within the axis, i64 [to].
  Value nearest() const {
    const std::string& rounding = attrs_.string("rounding");
    if (TorchNearest kind = torch_nearest(attrs_); kind != TorchNearest::none) {
      Value step = scale_ ? scalar(builder_, DType::f32, 1 / *scale_)
                          : div(cast(integer(from_), DType::f32), cast(integer(to_), DType::f32));
      Value i = iota(builder_, DType::i64, to_);
      if (kind == TorchNearest::plain) return clamped(cast(floor(mul(cast(i, DType::f32), step)), DType::i64));
      Value position = mul(add(cast(i, DType::f64), scalar(builder_, DType::f64, 0.5)), cast(step, DType::f64));
      return clamped(cast(floor(cast(position, DType::f32)), DType::i64));
    }
    if (rounding == "floor") return clamped(floor_of(0));
    if (rounding == "ceil") return clamped(ceil_of(0));
    return clamped(rounding == "round_prefer_floor" ? ceil_of(-1) : floor_of(1));
  }

  // Sum over taps of weight * x at the tap.
  Value interpolate(Value x, int64_t axis) const {
    bool linear = attrs_.string("mode") == "linear";
    Value base = floor_of(0);
    Value fraction = real_ ? sub(real_, floor(real_))
                           : div(cast(remainder(numerator_, denominator_), dtype_), cast(denominator_, dtype_));
    int trailing = x.rank() - 1 - static_cast<int>(axis);
    Value sum;
    for (int t = linear ? 0 : -1; t <= (linear ? 1 : 2); ++t) {
      Value distance = abs(sub(fraction, real(t)));
      Value weight = linear ? sub(real(1), distance) : cubic_weight(distance, t == 0 || t == 1);
      Value part = mul(gather(x, clamped(add(base, integer(t))), axis),
                       with_trailing_axes(cast_to(weight, x.dtype()), trailing));
      sum = sum ? add(sum, part) : part;
    }
    return sum;
  }

  // [from,to]: normalised filter weights that cover what one result position covers.
  Value antialias_matrix() const {
    Value width = scale_ ? real(std::max(1.0, 1 / *scale_))
                         : maximum(real(1), div(cast(integer(from_), dtype_), cast(integer(to_), dtype_)));
    Value x = real_ ? real_ : div(cast(numerator_, dtype_), cast(denominator_, dtype_));
    Value h = unsqueeze(cast(iota(builder_, DType::i64, from_), dtype_), 1);
    Value distance = abs(div(sub(h, x), width));
    Value weight = attrs_.string("mode") == "linear"
                       ? maximum(sub(real(1), distance), real(0))
                       : where(less_equal(distance, real(1)), cubic_weight(distance, true),
                               where(less(distance, real(2)), cubic_weight(distance, false), real(0)));
    return div(weight, reduce_sum(weight, {0}, true));
  }

 private:
  Value integer(const Dim& dim) const { return extent_value(builder_, dim); }
  Value real(double value) const { return scalar(builder_, dtype_, value); }
  Value clamped(Value position) const { return minimum(maximum(position, integer(0)), integer(from_ - 1)); }
  // floor and ceil of the position plus halves * 0.5.
  Value floor_of(int halves) const {
    if (real_) return cast(floor(halves == 0 ? real_ : add(real_, real(0.5 * halves))), DType::i64);
    if (halves == 0) return floor_divide(numerator_, denominator_);
    return floor_divide(add(mul(numerator_, integer(2)), mul(denominator_, integer(halves))),
                        mul(denominator_, integer(2)));
  }
  Value ceil_of(int halves) const {
    if (real_) return cast(ceil(halves == 0 ? real_ : add(real_, real(0.5 * halves))), DType::i64);
    Value zero = integer(0);
    if (halves == 0) return sub(zero, floor_divide(sub(zero, numerator_), denominator_));
    Value up = sub(zero, add(mul(numerator_, integer(2)), mul(denominator_, integer(halves))));
    return sub(zero, floor_divide(up, mul(denominator_, integer(2))));
  }
  // cubic() for a distance in [0,1] (near) or [1,2], by Horner's rule.
  Value cubic_weight(Value x, bool near) const {
    double a = attrs_.number("cubic_coefficient");
    if (near) return add(mul(mul(sub(mul(x, real(a + 2)), real(a + 3)), x), x), real(1));
    Value y = add(mul(sub(x, real(5)), x), real(8));
    return mul(sub(mul(y, x), real(4)), real(a));
  }

  Builder& builder_;
  const Attrs& attrs_;
  Dim from_;
  Dim to_;
  std::optional<double> scale_;
  DType dtype_;
  Value numerator_;
  Value denominator_;
  Value real_;  // instead of the quotient, with a given scale
};

std::vector<Value> expand_resize(Builder& builder, const Node& node, std::span<const Value> operands) {
  DType dtype = operands[0].dtype();
  const std::string& mode = node.attrs.string("mode");
  Value x = mode == "nearest" ? operands[0] : cast_to(operands[0], compute_dtype(dtype));
  const Shape& sizes = node.attrs.dims("sizes");
  int64_t first = node.attrs.string("layout") == "NCHW" ? 2 : 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t axis = first + static_cast<int64_t>(i);
    const Dim from = x.dim(static_cast<int>(axis));
    auto scale = resize_scale(node.attrs, i);
    if (from == sizes[i] && (!scale || *scale == 1)) continue;
    // Fixed extents are folded when the graph is compiled, and may use f64.
    DType real = from.is_constant() && sizes[i].is_constant() ? DType::f64 : DType::f32;
    AxisTaps taps(builder, node.attrs, from, sizes[i], scale, real);
    if (mode == "nearest") {
      x = gather(x, taps.nearest(), axis);
    } else if (node.attrs.boolean("antialias")) {
      x = matmul_along(x, cast_to(taps.antialias_matrix(), x.dtype()), axis);
    } else {
      x = taps.interpolate(x, axis);
    }
  }
  return {cast_to(x, dtype)};
}

}  // namespace

void register_resize(OpRegistry& registry) {
  OpDef op;
  op.name = "resize";
  op.doc = "Other spatial extents by interpolation: x[N,C,...] -> [N,C,sizes...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"sizes", AttrKind::dims, std::nullopt, false, "spatial extents of the result"},
              {"mode", AttrKind::string, Attr(std::string("nearest")), false, "nearest, linear, cubic"},
              {"coordinates", AttrKind::string, Attr(std::string("half_pixel")), false,
               "half_pixel, align_corners, asymmetric, half_pixel_symmetric"},
              {"rounding", AttrKind::string, Attr(std::string("round_prefer_floor")), false,
               "floor, ceil, round_prefer_floor, round_prefer_ceil"},
              {"scales", AttrKind::numbers, Attr(std::vector<double>{}), false,
               "result over input extents; empty: from the extents"},
              {"antialias", AttrKind::boolean, Attr(false), false, "widen the filter when shrinking"},
              {"cubic_coefficient", AttrKind::number, Attr(-0.75), false, "parameter of the cubic kernel"},
              {"layout", AttrKind::string, Attr(std::string("NCHW")), false, "NCHW or NHWC"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_resize;
  op.reference = reference_resize;
  op.expand = expand_resize;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
