#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Transposed convolution, the adjoint of conv. Shapes: x [N,C,...] ("NHWC": [N,...,C]), weight [C,O/groups,k...] in
/// either layout, bias [O] (may be empty) -> [N,O,...] with spatial extents
/// (n - 1) * stride - padding + dilation*(k-1) + output_padding + 1. As torch's ConvTransposeNd.
// api: Value conv_transpose(Value x, Value weight, Value bias = {}, ConvTransposeOptions options = {});
Value conv_transpose(Value x, Value weight, Value bias, ConvTransposeOptions options) {
  size_t axes = x.rank() < 2 ? 0 : static_cast<size_t>(x.rank()) - 2;
  Attrs attrs = conv_attrs(
      {options.strides, options.padding_begin, options.padding_end, options.dilations, options.groups, options.layout},
      axes);
  attrs.set("output_padding", filled(options.output_padding, axes, 0, "output_padding"));
  return build("conv_transpose", {x, weight, bias}, std::move(attrs));
}

namespace {

std::vector<TensorType> infer_conv_transpose(const InferContext& c) {
  for (size_t i = 0; i < c.num_operands(); ++i) require_dtype(c, i, is_float, "a float type");
  const TensorType& x = c.operand(0);
  const TensorType& weight = c.operand(1);
  if (x.rank() < 3 || x.rank() > 5 || weight.rank() != x.rank())
    fail(ErrorCode::invalid_shape,
         "x is {} and weight {}; expected [N,C,...] and [C,O/groups,...] with 1 to 3 spatial axes", x.to_string(),
         weight.to_string());
  Window window = window_of_weight(c.attrs, weight.shape);
  auto extra = filled(c.attrs.integers("output_padding"), window.kernel.size(), 0, "output_padding");
  int64_t groups = c.attrs.integer("groups");
  Shape shape = channels_first(x.shape, window.channels_last);
  unify(shape[1], weight.shape[0], "channels of x and weight");
  if (groups < 1 || weight.shape[0].as_constant("the first extent of weight") % groups != 0)
    fail(ErrorCode::invalid_shape, "{} channels in {} groups; expected a multiple", weight.shape[0].to_string(),
         groups);
  shape[1] = weight.shape[1] * Dim(groups);
  if (c.num_operands() == 3 && (c.operand(2).rank() != 1 || c.operand(2).shape[0] != shape[1]))
    fail(ErrorCode::invalid_shape, "bias is {}; expected [{}]", c.operand(2).to_string(), shape[1].to_string());
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    if (extra[i] < 0 || extra[i] >= std::max(window.strides[i], window.dilations[i]))
      fail(ErrorCode::invalid_argument,
           "output_padding is {}; expected 0 or more, and less than the stride or the dilation", extra[i]);
    Dim& n = shape[i + 2];
    n = (n - 1) * Dim(window.strides[i]) - window.padding_begin[i] - window.padding_end[i] +
        Dim(window.dilations[i]) * Dim(window.kernel[i] - 1) + extra[i] + 1;
    if (n.constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "spatial axis {} of the result would have extent {}", i, n.to_string());
  }
  return {{x.dtype, from_channels_first(shape, window.channels_last)}};
}

void reference_conv_transpose(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  const Tensor& weight = c.inputs[1];
  Tensor& out = c.outputs[0];
  std::vector<int64_t> kernel(weight.shape().begin() + 2, weight.shape().end());
  Window window = window_of(c.attrs, kernel);
  auto from = channels_first(x.shape(), window.channels_last);
  auto to = channels_first(out.shape(), window.channels_last);
  auto x_strides = channels_first_strides(x, window.channels_last);
  auto out_strides = channels_first_strides(out, window.channels_last);
  auto weight_strides = strides_of(weight.shape());
  int64_t width = weight.dim(1);
  int64_t channels = weight.dim(0) / c.attrs.integer("groups");
  if (from[1] != weight.dim(0))
    fail(ErrorCode::invalid_shape, "x is {} and weight {}", to_string(x.shape()), to_string(weight.shape()));
  for_each_index(to, [&](const std::vector<int64_t>& at) {
    double sum = c.inputs.size() == 3 ? c.inputs[2].get(at[1]) : 0.0;
    int64_t first_channel = at[1] / width * channels;
    for_each_index(kernel, [&](const std::vector<int64_t>& tap) {
      int64_t x_at = at[0] * x_strides[0];
      int64_t w_at = at[1] % width * weight_strides[1];
      for (size_t i = 0; i < tap.size(); ++i) {
        int64_t position = at[i + 2] + window.padding_begin[i] - tap[i] * window.dilations[i];
        if (position < 0 || position % window.strides[i] != 0 || position / window.strides[i] >= from[i + 2]) return;
        x_at += position / window.strides[i] * x_strides[i + 2];
        w_at += tap[i] * weight_strides[i + 2];
      }
      for (int64_t channel = first_channel; channel < first_channel + channels; ++channel)
        sum += x.get(x_at + channel * x_strides[1]) * weight.get(w_at + channel * weight_strides[0]);
    });
    out.set(offset_of(at, out_strides), sum);
  });
}

// weight [C,O/groups,k...] -> [O,C/groups,k...] with the kernel reversed.
Value conv_weight(Value weight, int64_t groups) {
  std::vector<int64_t> spatial;
  for (int i = 2; i < weight.rank(); ++i) spatial.push_back(i);
  weight = flip(weight, spatial);
  if (groups == 1) return swap_axes(weight, 0, 1);
  return flatten(swap_axes(unflatten(weight, 0, {groups, -1}), 1, 2), 0, 1);
}

// A convolution of x with stride - 1 zeros between its positions, padded by what a window reaches beyond them.
std::vector<Value> expand_transposed(Builder&, const Node& node, std::span<const Value> operands) {
  const std::string& layout = node.attrs.string("layout");
  Value x = to_channels_first(operands[0], layout);
  Value weight = operands[1];
  Window window = window_of_weight(node.attrs, weight.shape());
  auto extra = node.attrs.integers("output_padding");
  ConvOptions options;
  options.groups = node.attrs.integer("groups");
  options.dilations = window.dilations;
  Shape begin(2, Dim(0));
  Shape end(2, Dim(0));
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    auto axis = static_cast<int64_t>(i) + 2;
    const Dim n = x.dim(static_cast<int>(axis));
    if (int64_t stride = window.strides[i]; stride > 1) {
      Shape none(x.shape().size() + 1, Dim(0));
      Shape zeros = none;
      zeros[static_cast<size_t>(axis) + 1] = stride - 1;
      x = flatten(pad(unsqueeze(x, axis + 1), none, zeros), axis, axis + 1);
      x = slice(x, axis, 0, n * Dim(stride) - (stride - 1));
    }
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1);
    for (auto [amount, list] : {std::make_pair(reach - window.padding_begin[i], &begin),
                                std::make_pair(reach - window.padding_end[i] + extra[i], &end)}) {
      list->push_back(std::max<int64_t>(amount, 0));
      // Padding beyond the window's reach cuts positions of x off.
      if (amount < 0) {
        const Dim extent = x.dim(static_cast<int>(axis));
        x = list == &begin ? slice(x, axis, -amount, extent) : slice(x, axis, 0, extent + amount);
      }
    }
  }
  bool padded = std::any_of(begin.begin(), begin.end(), [](const Dim& d) { return d != Dim(0); }) ||
                std::any_of(end.begin(), end.end(), [](const Dim& d) { return d != Dim(0); });
  if (padded) x = pad(x, begin, end);
  Value y = conv(x, conv_weight(weight, options.groups), operands.size() == 3 ? operands[2] : Value(), options);
  return {from_channels_first(y, layout)};
}

}  // namespace

void register_conv_transpose(OpRegistry& registry) {
  OpDef op;
  op.name = "conv_transpose";
  op.doc = "Transposed convolution: x[N,C,...], weight[C,O/groups,k...], bias[O] -> [N,O,...]";
  op.min_operands = 2;
  op.max_operands = 3;
  op.attrs = window_attrs();
  op.attrs.push_back(
      {"groups", AttrKind::integer, Attr(int64_t{1}), false, "groups of channels that are convolved apart"});
  op.attrs.push_back(
      {"output_padding", AttrKind::integers, std::nullopt, false, "positions added at the end of each spatial axis"});
  op.numerics = Numerics::accumulating;
  op.infer = infer_conv_transpose;
  op.reference = reference_conv_transpose;
  op.expand = expand_transposed;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
