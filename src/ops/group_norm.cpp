#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Normalisation of each group of C/groups channels over these channels and all spatial axes, then the affine map of
/// each channel. Shapes: x [N,C,...] ("NHWC": [N,...,C]), weight [C] and bias [C] (bias, or both, may be empty) -> as
/// x; f16 and bf16 compute in f32. Source: Wu & He 2018, arXiv:1803.08494.
// api: Value group_norm(Value x, Value weight, Value bias, int64_t groups, double eps, std::string layout = "NCHW");
Value group_norm(Value x, Value weight, Value bias, int64_t groups, double eps, std::string layout) {
  if (bias && !weight) fail(ErrorCode::invalid_argument, "group_norm was given a bias without a weight");
  return build("group_norm", {x, weight, bias}, {{"groups", groups}, {"eps", eps}, {"layout", std::move(layout)}});
}

void group_norm_reference(EvalContext& c, int64_t groups) {
  const Tensor& x = c.inputs[0];
  auto axis = static_cast<size_t>(channel_axis(c.attrs.string("layout"), x.rank()));
  int64_t channels = x.shape()[axis];
  int64_t width = channels / groups;
  for (size_t i = 1; i < c.inputs.size(); ++i) require_extents(c.inputs[i], {channels}, "weight or bias");
  auto strides = strides_of(x.shape());
  auto spatial = x.shape();
  spatial[0] = 1;
  spatial[axis] = width;
  for (int64_t n = 0; n < x.dim(0); ++n) {
    for (int64_t first = 0; first < channels; first += width) {
      int64_t base = n * strides[0] + first * strides[axis];
      double count = 0;
      double mean = 0;
      for_each_index(spatial, [&](const std::vector<int64_t>& index) {
        mean += x.get(base + offset_of(index, strides));
        count += 1;
      });
      mean /= count;
      double variance = 0;
      for_each_index(spatial, [&](const std::vector<int64_t>& index) {
        double d = x.get(base + offset_of(index, strides)) - mean;
        variance += d * d;
      });
      double scale = 1.0 / std::sqrt(variance / count + c.attrs.number("eps"));
      for_each_index(spatial, [&](const std::vector<int64_t>& index) {
        int64_t at = base + offset_of(index, strides);
        double y = (x.get(at) - mean) * scale;
        if (c.inputs.size() > 1) y *= c.inputs[1].get(first + index[axis]);
        if (c.inputs.size() > 2) y += c.inputs[2].get(first + index[axis]);
        c.outputs[0].set(at, y);
      });
    }
  }
}

void register_group_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "group_norm";
  op.doc = "Normalisation of each group of channels over the group and the spatial axes, then * weight + bias";
  op.min_operands = 1;
  op.max_operands = 3;
  op.attrs = {{"groups", AttrKind::integer, std::nullopt, false, "number of groups; divides the channels"},
              {"eps", AttrKind::number, std::nullopt, false, "added to the variance"},
              {"layout", AttrKind::string, Attr(std::string("NCHW")), false, "NCHW or NHWC"}};
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    require_rank(c, 0, 2, 8);
    const TensorType& x = c.operand(0);
    const Dim& channels = x.shape[static_cast<size_t>(channel_axis(c.attrs.string("layout"), x.rank()))];
    int64_t groups = c.attrs.integer("groups");
    if (groups < 1 || channels.as_constant("the number of channels") % groups != 0)
      fail(ErrorCode::invalid_shape, "{} groups of {} channels; expected a divisor", groups, channels.to_string());
    require_affine(c, 1, channels);
    return {{x.dtype, x.shape}};
  };
  op.reference = [](EvalContext& c) { group_norm_reference(c, c.attrs.integer("groups")); };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    const std::string& layout = node.attrs.string("layout");
    DType dtype = operands[0].dtype();
    DType compute = compute_dtype(dtype);
    Value x = cast_to(to_channels_first(operands[0], layout), compute);
    Shape shape = x.shape();
    Value y = reshape(x, {shape[0], node.attrs.integer("groups"), -1});
    y = reshape(normalize_last_axis(y, node.attrs.number("eps")), shape);
    int spatial = static_cast<int>(shape.size()) - 2;
    if (operands.size() > 1) y = mul(y, with_trailing_axes(cast_to(operands[1], compute), spatial));
    if (operands.size() > 2) y = add(y, with_trailing_axes(cast_to(operands[2], compute), spatial));
    return {from_channels_first(cast_to(y, dtype), layout)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
