#include "base/error.h"
#include "models/text_model.h"

namespace accelerate::models {
namespace {

Value encode(Layers& layers, const TextConfig& config, const TextInputs& inputs) {
  const int64_t groups = positive(layers.config(), "num_hidden_groups", 1, kMaxLayers);
  const int64_t inner = positive(layers.config(), "inner_group_num", 1, kMaxLayers);
  if (config.num_layers * inner > kMaxLayers * 4) {
    fail(ErrorCode::invalid_model, "{} layers of {} inner layers; expected at most {} in all", config.num_layers, inner,
         kMaxLayers * 4);
  }
  LayerSpec spec = bert_layer(config);
  spec.names = {"attention.query",     "attention.key", "attention.value", "attention.dense",
                "attention.LayerNorm", "ffn",           "ffn_output",      "full_layer_layer_norm"};
  Value x = bert_embeddings(layers, config, inputs, positions(inputs), "albert.embeddings");
  x = layers.linear(x, "albert.encoder.embedding_hidden_mapping_in", config.hidden);
  Value mask = key_mask(inputs);
  for (int64_t i = 0; i < config.num_layers; ++i) {
    // In floating point, as transformers does it, so that uneven divisions choose the same group.
    const double per_group = static_cast<double>(config.num_layers) / static_cast<double>(groups);
    const auto group = static_cast<int64_t>(static_cast<double>(i) / per_group);
    for (int64_t j = 0; j < inner; ++j) {
      x = transformer_layer(layers, x, fmt::format("albert.encoder.albert_layer_groups.{}.albert_layers.{}.", group, j),
                            spec, mask);
    }
  }
  return x;
}

}  // namespace

/// ALBERT: Lan et al. 2019, arXiv:1909.11942. Layers share their weights; embeddings are factorised.
void register_albert(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "albert";
  family.class_prefix = "Albert";
  family.weight_prefix = "albert";
  family.word_embeddings = "albert.embeddings.word_embeddings";
  family.defaults = {.vocab = 30000,
                     .hidden = 4096,
                     .embedding = 128,
                     .num_layers = 12,
                     .heads = 64,
                     .intermediate = 16384,
                     .max_positions = 512,
                     .token_types = 2,
                     .pad_token = 0,
                     .eps = 1e-12,
                     .act = "gelu_new"};
  family.complete = [](const Json&, TextConfig& config) { config.is_decoder = false; };
  family.encode = encode;
  family.pool = [](Layers& layers, const TextConfig&, Value hidden) {
    return tanh_pooler(layers, "albert.pooler", hidden);
  };
  family.lm_head = [](Layers&, const TextConfig& config) -> LmHead {
    return {.dense = "predictions.dense",
            .norm = "predictions.LayerNorm",
            .decoder = "predictions.decoder",
            .bias = {"predictions.decoder.bias", "predictions.bias"},
            .act = config.act,
            .eps = config.eps,
            .width = config.embedding};
  };
  family.pretraining = [family](Layers& layers, const TextConfig& config, Value hidden) {
    layers.graph().output(lm_logits(layers, family, config, hidden), "prediction_logits");
    Value pooled = dense_features(layers, "albert.pooler", "tanh", hidden);
    layers.graph().output(layers.linear(pooled, "sop_classifier.classifier", num_labels(layers.config())),
                          "sop_logits");
  };
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
