// Normalisations.
#include <numeric>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

/// fn on x with the last `count` axes as one, and on flat weights.
template <typename Fn>
Value over_last_axes(Call& c, Value x, size_t count, Fn fn) {
  Value weight = c.optional_tensor("weight");
  Value bias = c.optional_tensor("bias");
  if (!weight && bias) weight = ops::full(c.graph(), bias.dtype(), bias.shape(), 1);
  if (count == 1) return fn(x, weight, bias);
  if (count == 0 || count > x.shape().size()) fail(ErrorCode::invalid_model, "normalized_shape has {} axes", count);
  Shape shape(x.shape().begin(), x.shape().end() - static_cast<int64_t>(count));
  const Dim width = num_elements(Shape(x.shape().end() - static_cast<int64_t>(count), x.shape().end()));
  shape.push_back(width);
  if (weight) weight = ops::reshape(weight, {width});
  if (bias) bias = ops::reshape(bias, {width});
  return ops::reshape(fn(ops::reshape(x, shape), weight, bias), x.shape());
}

Value layer_normalized(Call& c, Value x) {
  const double eps = c.number("eps", 1e-5);
  return over_last_axes(c, x, c.dims("normalized_shape").size(),
                        [&](Value v, Value weight, Value bias) { return ops::layer_norm(v, weight, bias, eps); });
}

Item layer_norm(Call& c) {
  return layer_normalized(c, c.tensor("input"));
}

/// Also the mean and the reciprocal of the deviation.
Item native_layer_norm(Call& c) {
  const Value x = c.tensor("input");
  const auto count = static_cast<int64_t>(c.dims("normalized_shape").size());
  std::vector<int64_t> axes(static_cast<size_t>(count));
  std::iota(axes.begin(), axes.end(), x.rank() - count);
  const Value wide = is_float(x.dtype()) && x.dtype() != DType::f64 ? to_dtype(x, DType::f32) : x;
  const Value eps = ops::full(c.graph(), wide.dtype(), {}, c.number("eps", 1e-5));
  return std::vector<Value>{layer_normalized(c, x), ops::reduce_mean(wide, axes, true),
                            ops::rsqrt(ops::add(ops::variance(wide, axes, 0, true), eps))};
}

Item rms_norm(Call& c) {
  const Value x = c.tensor("input");
  double eps = 1.1920928955078125e-7;  // of f32, as PyTorch takes it
  if (x.dtype() == DType::f64) eps = 2.220446049250313e-16;
  eps = c.number("eps", eps);
  return over_last_axes(c, x, c.dims("normalized_shape").size(),
                        [&](Value v, Value weight, Value) { return ops::rms_norm(v, weight, eps); });
}

Item fused_rms_norm(Call& c) {
  const Item out = rms_norm(c);
  const Value x = c.tensor("input");
  std::vector<int64_t> axes(c.dims("normalized_shape").size());
  std::iota(axes.begin(), axes.end(), x.rank() - static_cast<int64_t>(axes.size()));
  const Value eps = ops::full(c.graph(), x.dtype(), {}, c.number("eps", 1.1920928955078125e-7));
  return std::vector<Item>{out, ops::rsqrt(ops::add(ops::reduce_mean(ops::square(x), axes, true), eps))};
}

Value group_normalized(Call& c, int64_t groups) {
  const Value x = c.tensor("input");
  const double eps = c.number("eps", 1e-5);
  Value weight = c.optional_tensor("weight");
  const Value bias = c.optional_tensor("bias");
  if (!weight && bias) weight = ops::full(c.graph(), bias.dtype(), bias.shape(), 1);
  if (x.rank() > 2) return ops::group_norm(x, weight, bias, groups, eps);
  return ops::squeeze(ops::group_norm(ops::unsqueeze(x, -1), weight, bias, groups, eps), -1);
}

Item group_norm(Call& c) {
  return group_normalized(c, c.integer("num_groups"));
}

Item native_group_norm(Call& c) {
  const Value x = c.tensor("input");
  const int64_t groups = c.integer("group");
  const Value wide = ops::reshape(x, {x.dim(0), groups, floordiv(num_elements(x.shape()), x.dim(0) * groups)});
  const Value eps = ops::full(c.graph(), x.dtype(), {}, c.number("eps"));
  return std::vector<Value>{group_normalized(c, groups), ops::reduce_mean(wide, {2}),
                            ops::rsqrt(ops::add(ops::variance(wide, {2}, 0), eps))};
}

Value batch_normalized(Call& c, Value x, Value mean, Value variance) {
  const auto ones = [&](double value) { return ops::full(c.graph(), mean.dtype(), mean.shape(), value); };
  const Value weight = c.given("weight") ? c.tensor("weight") : ones(1);
  const Value bias = c.given("bias") ? c.tensor("bias") : ones(0);
  return ops::batch_norm(x, weight, bias, mean, variance, c.number("eps", 1e-5));
}

/// With the statistics of the batch itself, or those that were learnt.
Value batch_norm_value(Call& c, bool of_batch) {
  const Value x = c.tensor("input");
  if (!of_batch) return batch_normalized(c, x, c.tensor("running_mean"), c.tensor("running_var"));
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != 1) axes.push_back(i);
  return batch_normalized(c, x, ops::reduce_mean(x, axes), ops::variance(x, axes, 0));
}

Item batch_norm(Call& c) {
  return batch_norm_value(c, c.boolean("training", false) || !c.given("running_mean"));
}

/// Further results serve gradients only.
template <bool of_batch>
Item native_batch_norm(Call& c) {
  std::vector<Item> out(std::max<size_t>(3, c.node().outputs.size()));
  out[0] = batch_norm_value(c, of_batch || c.boolean("training", false));
  return out;
}

Item instance_norm(Call& c) {
  const Value x = c.tensor("input");
  if (!c.boolean("use_input_stats", true)) return batch_norm_value(c, false);
  Value weight = c.optional_tensor("weight");
  const Value bias = c.optional_tensor("bias");
  if (!weight && bias) weight = ops::full(c.graph(), bias.dtype(), bias.shape(), 1);
  return ops::instance_norm(x, weight, bias, c.number("eps", 1e-5));
}

/// v times g over the norm of v on all axes but one.
Item weight_norm(Call& c) {
  const Value v = c.tensor("v");
  const Value g = c.tensor("g");
  const int64_t axis = c.integer("dim", 0);
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < v.rank(); ++i)
    if (axis < 0 || i != axis) axes.push_back(i);
  const Value norm = ops::sqrt(ops::reduce_sum(ops::square(v), axes, true));
  const Value out = ops::mul(v, ops::div(ops::reshape(g, axis < 0 ? norm.shape() : g.shape()), norm));
  if (c.node().outputs.size() > 1) return std::vector<Value>{out, norm};
  return out;
}

constexpr Mapping kMappings[] = {
    {"aten.layer_norm.default", layer_norm},
    {"aten.native_layer_norm.default", native_layer_norm},
    {"aten.rms_norm.default", rms_norm},
    {"aten._fused_rms_norm.default", fused_rms_norm},
    {"aten.group_norm.default", group_norm},
    {"aten.native_group_norm.default", native_group_norm},
    {"aten.batch_norm.default", batch_norm},
    {"aten._native_batch_norm_legit_no_training.default", native_batch_norm<false>},
    {"aten._native_batch_norm_legit.default", native_batch_norm<false>},
    {"aten._native_batch_norm_legit.no_stats", native_batch_norm<true>},
    {"aten.native_batch_norm.default", native_batch_norm<false>},
    {"aten.cudnn_batch_norm.default", native_batch_norm<false>},
    {"aten.instance_norm.default", instance_norm},
    {"aten._weight_norm.default", weight_norm},
    {"aten._weight_norm_interface.default", weight_norm},
};

}  // namespace

std::span<const Mapping> norm_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
