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

// A convolution of x [N,C,...] with stride - 1 zeros between its positions, padded by what a window reaches beyond
// them.
Value transposed_with_zeros(const Node& node, Value x, Value weight, Value bias) {
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
  return conv(x, conv_weight(weight, options.groups), bias, options);
}

// A kernel of k at stride s is s kernels of M = ceil(k / s), one for each remainder r of a result position: element m
// of kernel r is element r + s * m. They are channels of one convolution, whose results are then put side by side.
Value transposed_by_phases(const Node& node, Value x, Value weight, Value bias) {
  Window window = window_of_weight(node.attrs, weight.shape());
  auto extra = node.attrs.integers("output_padding");
  size_t axes = window.kernel.size();
  ConvOptions options;
  options.groups = node.attrs.integer("groups");
  Dim phases = 1;
  Shape fill(2, Dim(0));                      // zeros behind the kernel: k becomes s * M
  Shape split{weight.dim(0), weight.dim(1)};  // [C, O/groups, M, s, M, s, ...]
  Shape parts;                                // M of each axis
  std::vector<int64_t> reversed;
  for (size_t i = 0; i < axes; ++i) {
    int64_t stride = window.strides[i];
    int64_t part = (window.kernel[i] + stride - 1) / stride;
    phases = phases * Dim(stride);
    fill.emplace_back(part * stride - window.kernel[i]);
    split.insert(split.end(), {Dim(part), Dim(stride)});
    parts.emplace_back(part);
    reversed.push_back(static_cast<int64_t>(2 * i) + 2);
    // Positions that the output padding asks for behind those that the kernel reaches.
    int64_t needed = (window.kernel[i] - window.padding_end[i] + extra[i] + stride - 1) / stride;
    options.padding_begin.push_back(part - 1);
    options.padding_end.push_back(part - 1 + std::max<int64_t>(0, needed - part));
  }
  if (std::any_of(fill.begin(), fill.end(), [](const Dim& d) { return d != Dim(0); }))
    weight = pad(weight, Shape(fill.size(), Dim(0)), fill);
  weight = flip(reshape(weight, split), reversed);
  // To [groups, O/groups, s..., C/groups, M...].
  bool grouped = options.groups != 1;
  if (grouped) weight = unflatten(weight, 0, {options.groups, -1});
  int64_t first = grouped ? 1 : 0;
  std::vector<int64_t> order;
  if (grouped) order.push_back(0);
  order.push_back(first + 1);
  for (size_t i = 0; i < axes; ++i) order.push_back(first + 3 + static_cast<int64_t>(2 * i));
  order.push_back(first);
  for (size_t i = 0; i < axes; ++i) order.push_back(first + 2 + static_cast<int64_t>(2 * i));
  Dim channels = split[1] * Dim(options.groups);
  Shape shape{channels * phases, floordiv(split[0], Dim(options.groups))};
  shape.insert(shape.end(), parts.begin(), parts.end());
  weight = reshape(transpose(weight, order), shape);
  if (bias) bias = flatten(expand(unsqueeze(bias, 1), {channels, phases}));
  Value y = conv(x, weight, bias, options);

  // [N, O, s..., q...] -> [N, O, q * s, ...], of which the padding is cut off.
  Shape apart{y.dim(0), channels};
  for (int64_t stride : window.strides) apart.emplace_back(stride);
  Shape joined{y.dim(0), channels};
  std::vector<int64_t> side_by_side{0, 1};
  for (size_t i = 0; i < axes; ++i) {
    const Dim positions = y.dim(static_cast<int>(i) + 2);
    apart.push_back(positions);
    joined.push_back(positions * Dim(window.strides[i]));
    side_by_side.push_back(static_cast<int64_t>(2 + axes + i));
    side_by_side.push_back(static_cast<int64_t>(2 + i));
  }
  y = reshape(transpose(reshape(y, apart), side_by_side), joined);
  for (size_t i = 0; i < axes; ++i) {
    const Dim n = x.dim(static_cast<int>(i) + 2);
    Dim size = (n - 1) * Dim(window.strides[i]) + window.kernel[i] - window.padding_begin[i] - window.padding_end[i] +
               extra[i];
    if (window.padding_begin[i] != 0 || size != joined[i + 2])
      y = slice(y, static_cast<int64_t>(i) + 2, window.padding_begin[i], size + window.padding_begin[i]);
  }
  return y;
}

std::vector<Value> expand_transposed(Builder&, const Node& node, std::span<const Value> operands) {
  const std::string& layout = node.attrs.string("layout");
  Value x = to_channels_first(operands[0], layout);
  Value bias = operands.size() == 3 ? operands[2] : Value();
  Window window = window_of_weight(node.attrs, operands[1].shape());
  auto is_one = [](int64_t n) { return n == 1; };
  bool dense = std::all_of(window.dilations.begin(), window.dilations.end(), is_one);
  bool spread = !std::all_of(window.strides.begin(), window.strides.end(), is_one);
  // A copy has at most 8 axes, which groups on three spatial ones would exceed.
  bool by_phases = dense && spread && (window.kernel.size() < 3 || node.attrs.integer("groups") == 1);
  Value y =
      by_phases ? transposed_by_phases(node, x, operands[1], bias) : transposed_with_zeros(node, x, operands[1], bias);
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
