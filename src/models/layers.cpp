#include "models/layers.h"

#include <cmath>

#include "accelerate/ops.h"
#include "base/error.h"
#include "ops/support.h"

namespace accelerate::models {

Value Layers::weight(const std::string& name, std::vector<int64_t> shape) {
  if (auto found = weights_.find(name); found != weights_.end()) return found->second;
  const DType stored = context_.stored_dtype(name);
  Value value = ops::weight(graph_, name, TensorType(stored, Shape(shape.begin(), shape.end())));
  if (stored != DType::f16 && stored != DType::bf16) value = to_f32(value);
  weights_.emplace(name, value);
  return value;
}

Value Layers::parameter(const std::string& name, std::vector<int64_t> shape) {
  return to_f32(weight(name, std::move(shape)));
}

Value Layers::to_f32(Value x) {
  return x.dtype() == DType::f32 ? x : ops::cast(x, DType::f32);
}

Value Layers::linear(Value x, const std::string& name, int64_t out, bool bias) {
  const int64_t in = x.shape().back().as_constant("the width of a linear layer's input");
  return ops::linear(x, weight(name + ".weight", {out, in}), bias ? parameter(name + ".bias", {out}) : Value{});
}

Value Layers::layer_norm(Value x, const std::string& name, double eps) {
  const int64_t width = x.shape().back().as_constant("the width of a normalised value");
  return ops::layer_norm(x, parameter(name + ".weight", {width}), parameter(name + ".bias", {width}), eps);
}

Value Layers::embedding(const std::string& name, Value indices, int64_t rows, int64_t width) {
  return to_f32(ops::embedding(weight(name + ".weight", {rows, width}), indices));
}

Value activation(Value x, std::string_view name) {
  if (name == "gelu" || name == "gelu_python") return ops::gelu(x);
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh" || name == "gelu_python_tanh" ||
      name == "gelu_accurate") {
    return ops::gelu(x, "tanh");
  }
  if (name == "quick_gelu") return ops::quick_gelu(x);
  if (name == "relu") return ops::relu(x);
  if (name == "tanh") return ops::tanh(x);
  if (name == "silu" || name == "swish") return ops::silu(x);
  if (name == "sigmoid") return ops::sigmoid(x);
  if (name == "gelu_10") return ops::clamp(ops::gelu(x), -10, 10);
  if (name == "relu2") return ops::square(ops::relu(x));
  if (name == "relu6") return ops::clamp(x, 0, 6);
  if (name == "leaky_relu") return ops::leaky_relu(x, 0.01);
  if (name == "hardswish") return ops::hard_swish(x);
  if (name == "mish") return ops::mish(x);
  if (name == "linear") return x;
  if (name == "sqrtsoftplus") return ops::sqrt(ops::softplus(x));
  if (name == "laplace") {
    constexpr double kMu = 0.707107;
    constexpr double kSigma = 0.282095;
    Value z = ops::div(ops::sub(x, ops::scalar_like(x, kMu)), ops::scalar_like(x, kSigma * std::sqrt(2.0)));
    return ops::mul(ops::add(ops::erf(z), ops::scalar_like(x, 1.0)), ops::scalar_like(x, 0.5));
  }
  fail(ErrorCode::unsupported_model,
       "the activation '{}' is not built in; expected gelu, gelu_python, gelu_new, gelu_fast, gelu_pytorch_tanh, "
       "gelu_python_tanh, gelu_accurate, gelu_10, quick_gelu, relu, relu2, relu6, leaky_relu, tanh, silu, swish, "
       "sigmoid, hardswish, mish, laplace, sqrtsoftplus or linear",
       printable(name));
}

Projections project(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec) {
  const int64_t width = spec.heads * spec.head_size;
  const Shape shape{x.dim(0), x.dim(1), spec.heads, spec.head_size};
  Value query = layers.linear(x, layer + spec.names.query, width, spec.qkv_bias);
  Value key = layers.linear(x, layer + spec.names.key, width, spec.qkv_bias);
  Value value = layers.linear(x, layer + spec.names.value, width, spec.qkv_bias);
  return {ops::reshape(query, shape), ops::reshape(key, shape), ops::reshape(value, shape)};
}

Value transformer_layer(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec,
                        const std::function<Value(const Projections&)>& attend) {
  layers.graph().set_location(layer + "attention");
  Value normed = spec.norm_first ? layers.layer_norm(x, layer + spec.names.attention_norm, spec.eps) : x;
  Value context = attend(project(layers, normed, layer, spec));
  context = ops::reshape(context, {x.dim(0), x.dim(1), spec.heads * spec.head_size});
  x = ops::add(layers.linear(context, layer + spec.names.attention_out, spec.hidden), x);
  if (!spec.norm_first) x = layers.layer_norm(x, layer + spec.names.attention_norm, spec.eps);

  layers.graph().set_location(layer + "feed_forward");
  normed = spec.norm_first ? layers.layer_norm(x, layer + spec.names.ff_norm, spec.eps) : x;
  Value inner = activation(layers.linear(normed, layer + spec.names.ff_in, spec.intermediate), spec.act);
  x = ops::add(layers.linear(inner, layer + spec.names.ff_out, spec.hidden), x);
  if (!spec.norm_first) x = layers.layer_norm(x, layer + spec.names.ff_norm, spec.eps);
  layers.graph().set_location("");
  return x;
}

Value transformer_layer(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec, Value mask) {
  return transformer_layer(layers, x, layer, spec, [&](const Projections& p) {
    ops::AttentionOptions options;
    options.is_causal = spec.causal;
    options.layout = "BTHD";
    return ops::scaled_dot_product_attention(p.query, p.key, p.value, mask, options);
  });
}

Value token_at(Value x, int64_t index) {
  Value row = ops::slice(x, 1, index, index + 1);
  Shape shape = x.shape();
  shape.erase(shape.begin() + 1);
  return ops::reshape(row, std::move(shape));
}

Value integers(Builder& builder, const std::vector<int64_t>& values) {
  return ops::constant(builder, Tensor::from(DType::i64, {static_cast<int64_t>(values.size())}, values));
}

bool present(const Json& config, std::string_view key) {
  const auto found = config.find(key);
  return found != config.end() && !found->is_null();
}

int64_t positive(const Json& config, std::string_view key, std::optional<int64_t> fallback, int64_t max) {
  return json_int(config, key, fallback, 1, max);
}

int64_t positive_any(const Json& config, std::initializer_list<std::string_view> keys, std::optional<int64_t> fallback,
                     int64_t max) {
  for (std::string_view key : keys) {
    if (present(config, key)) return positive(config, key, {}, max);
  }
  return positive(config, *keys.begin(), fallback, max);
}

std::string string_any(const Json& config, std::initializer_list<std::string_view> keys, std::string fallback) {
  for (std::string_view key : keys) {
    if (present(config, key)) return json_string(config, key, {});
  }
  return fallback;
}

double epsilon(const Json& config, std::string_view key, double fallback) {
  const double value = json_double(config, key, fallback);
  if (value < 0 || value > 1) fail(ErrorCode::invalid_model, "'{}' is {}; expected a number in [0, 1]", key, value);
  return value;
}

int64_t head_size(int64_t hidden, int64_t heads) {
  if (hidden % heads != 0) {
    fail(ErrorCode::invalid_model, "a width of {} is not divisible by {} attention heads", hidden, heads);
  }
  return hidden / heads;
}

int64_t num_labels(const Json& config) {
  constexpr int64_t kMaxLabels = 1'000'000;
  if (present(config, "id2label")) {
    const Json& labels = config["id2label"];
    if (!labels.is_object()) fail(ErrorCode::invalid_model, "'id2label' is no object from numbers to names");
    if (!labels.empty()) return static_cast<int64_t>(labels.size());
  }
  return json_int(config, "num_labels", 2, 1, kMaxLabels);
}

Program make_program(const BuildContext& context, Graph graph, std::string model_type, std::string family) {
  Program program;
  program.name = context.architecture;
  program.metadata["architecture"] = context.architecture;
  program.metadata["model_type"] = std::move(model_type);
  program.metadata["family"] = std::move(family);
  program.graphs.emplace("main", std::move(graph));
  return program;
}

}  // namespace accelerate::models
