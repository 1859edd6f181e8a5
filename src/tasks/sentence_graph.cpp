#include "tasks/sentence_graph.h"

#include "accelerate/ops.h"
#include "base/error.h"
#include "ops/support.h"
#include "tasks/graph_edit.h"

namespace accelerate::tasks {
namespace {

using import::DenseModule;
using import::PoolingMode;
using import::PoolingModule;
using import::SentenceModule;

constexpr PoolingMode kModes[] = {PoolingMode::cls,           PoolingMode::max,           PoolingMode::mean,
                                  PoolingMode::mean_sqrt_len, PoolingMode::weighted_mean, PoolingMode::last_token};

/// hidden [B,T,C], mask i64 [B,T] -> [B,C].
Value pool(Value hidden, Value mask, PoolingMode mode) {
  Builder& builder = *hidden.builder;
  const Dim batch = hidden.dim(0);
  const Dim length = hidden.dim(1);
  if (mode == PoolingMode::cls) return ops::select(hidden, 1, 0);
  if (mode == PoolingMode::last_token) {
    Value positions = ops::reshape(ops::iota(builder, DType::i64, length), {1, length});
    Value last = ops::reduce_max(ops::mul(mask, positions), {1}, true);
    return ops::gather_nd(hidden, last, 1);
  }
  Value real = ops::reshape(ops::cast(mask, DType::f32), {batch, length, 1});
  if (mode == PoolingMode::max) {
    Value padding = ops::equal(real, ops::scalar_like(real, 0));
    return ops::reduce_max(ops::masked_fill(hidden, padding, -1e9), {1});
  }
  if (mode == PoolingMode::weighted_mean) {
    Value positions = ops::reshape(ops::cast(ops::iota(builder, DType::i64, length), DType::f32), {1, length, 1});
    real = ops::mul(real, ops::add(positions, ops::scalar_like(positions, 1)));
  }
  Value sum = ops::reduce_sum(ops::mul(hidden, real), {1});
  Value count = ops::reduce_sum(real, {1});
  count = ops::maximum(count, ops::scalar_like(count, 1e-9));
  if (mode == PoolingMode::mean_sqrt_len) count = ops::sqrt(count);
  return ops::div(sum, count);
}

/// A weight of a Dense module; checked, because import::open knows only the transformer's graph.
Value dense_weight(Graph& graph, const WeightSource& weights, const std::string& name, std::vector<int64_t> shape) {
  const auto info = weights.find(name);
  if (!info) fail(ErrorCode::invalid_weights, "the weight {} is missing", printable(name));
  if (info->shape != shape || !is_float(info->dtype))
    fail(ErrorCode::invalid_weights, "the weight {} is {}{}; expected a float type and {}", printable(name),
         name_of(info->dtype), to_string(info->shape), to_string(shape));
  Value value = ops::weight(graph, name, TensorType(info->dtype, Shape(shape.begin(), shape.end())));
  return info->dtype == DType::f32 ? value : ops::cast(value, DType::f32);
}

Value dense(Graph& graph, Value x, const DenseModule& module, const WeightSource& weights) {
  Value weight =
      dense_weight(graph, weights, module.folder + "/linear.weight", {module.out_features, module.in_features});
  Value bias;
  if (module.bias) bias = dense_weight(graph, weights, module.folder + "/linear.bias", {module.out_features});
  x = ops::linear(x, weight, bias);
  switch (module.activation) {
    case DenseModule::Activation::identity: return x;
    case DenseModule::Activation::tanh: return ops::tanh(x);
    case DenseModule::Activation::relu: return ops::relu(x);
    case DenseModule::Activation::gelu: return ops::gelu(x);
    case DenseModule::Activation::sigmoid: return ops::sigmoid(x);
    case DenseModule::Activation::silu: return ops::silu(x);
  }
  fail(ErrorCode::internal, "a Dense module of unknown activation");
}

Value apply(Graph& graph, Value x, Value mask, const SentenceModule& module, const WeightSource& weights) {
  if (module.kind == SentenceModule::Kind::normalize) return ops::l2_normalize(x, 1);
  if (module.kind == SentenceModule::Kind::dense) return dense(graph, x, module.dense, weights);
  std::vector<Value> parts;
  for (const PoolingMode mode : module.pooling.modes) parts.push_back(pool(x, mask, mode));
  return parts.size() == 1 ? parts.front() : ops::concat(parts, 1);
}

}  // namespace

Graph sentence_graph(const Graph& base, const std::vector<SentenceModule>& modules, const WeightSource& weights) {
  const auto add_modules = [&](Graph& graph, const NamedValues& inputs, const NamedValues& outputs) {
    const auto hidden = outputs.find("last_hidden_state");
    const auto attention_mask = inputs.find("attention_mask");
    if (hidden == outputs.end() || attention_mask == inputs.end())
      fail(ErrorCode::unsupported_model,
           "sentence embeddings need a model with an attention_mask and a "
           "last_hidden_state; {} is none",
           base.name());
    Value x = hidden->second;
    Value mask = attention_mask->second;
    graph.set_location("sentence_transformers");
    for (const SentenceModule& module : modules) {
      if (module.kind == SentenceModule::Kind::pooling) {
        if (!module.pooling.include_prompt) mask = graph.add_input(kPoolingMask, mask.type());
        if (x.shape().back() != Dim(module.pooling.embedding_size))
          fail(ErrorCode::invalid_model, "the pooling is made for {} features, and the model has {}",
               module.pooling.embedding_size, x.shape().back().to_string());
      }
      x = apply(graph, x, mask, module, weights);
    }
    graph.output(x, kEmbedding);
  };
  return without_unused(with_outputs(base, add_modules));
}

import::PoolingMode pooling_mode(const std::string& name) {
  std::string list;
  for (const PoolingMode mode : kModes) {
    if (import::name_of(mode) == name) return mode;
    list += (list.empty() ? "" : ", ") + std::string(import::name_of(mode));
  }
  fail(ErrorCode::invalid_argument, "there is no pooling '{}'; expected one of: {}", printable(name), list);
}

std::vector<std::string> pooling_mode_names() {
  std::vector<std::string> names;
  for (const PoolingMode mode : kModes) names.emplace_back(import::name_of(mode));
  return names;
}

}  // namespace accelerate::tasks
