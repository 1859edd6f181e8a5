#include "accelerate/ops.h"
#include "base/error.h"
#include "models/text_model.h"

namespace accelerate::models {
namespace {

/// transformers' SequenceSummary: one vector a text [B,C], from hidden states [B,T,C].
Value sequence_summary(Layers& layers, const TextConfig& config, Value hidden) {
  const Json& json = layers.config();
  const std::string type = json_string(json, "summary_type", "first");
  Value x;
  if (type == "first") {
    x = token_at(hidden, 0);
  } else if (type == "last" || type == "cls_index") {
    x = ops::reshape(ops::slice(hidden, 1, hidden.dim(1) - 1, hidden.dim(1)), {hidden.dim(0), config.hidden});
  } else if (type == "mean") {
    x = ops::reduce_mean(hidden, {1});
  } else {
    fail(ErrorCode::unsupported_model, "'summary_type' is '{}'; expected first, last, mean or cls_index",
         printable(type));
  }
  if (json_bool(json, "summary_use_proj", true)) {
    const bool to_labels = json_bool(json, "summary_proj_to_labels", false);
    if (to_labels && num_labels(json) != config.hidden) {
      fail(ErrorCode::invalid_model, "'summary_proj_to_labels' gives {} values; the classifier after it takes {}",
           num_labels(json), config.hidden);
    }
    x = layers.linear(x, "sequence_summary.summary", config.hidden);
  }
  const std::string act = present(json, "summary_activation") || !json.contains("summary_activation")
                              ? json_string(json, "summary_activation", "gelu")
                              : std::string();
  return act.empty() ? x : activation(x, act);
}

}  // namespace

/// ELECTRA: Clark et al. 2020, arXiv:2003.10555. Narrow embeddings are projected to the width of the layers.
void register_electra(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "electra";
  family.class_prefix = "Electra";
  family.weight_prefix = "electra";
  family.word_embeddings = "electra.embeddings.word_embeddings";
  family.defaults = {.vocab = 30522,
                     .hidden = 256,
                     .embedding = 128,
                     .num_layers = 12,
                     .heads = 4,
                     .intermediate = 1024,
                     .max_positions = 512,
                     .token_types = 2,
                     .pad_token = 0,
                     .eps = 1e-12,
                     .act = "gelu"};
  family.causal_suffix = "ForCausalLM";
  family.encode = [](Layers& layers, const TextConfig& config, const TextInputs& inputs) {
    Value x = bert_embeddings(layers, config, inputs, positions(inputs), "electra.embeddings");
    if (config.embedding != config.hidden) x = layers.linear(x, "electra.embeddings_project", config.hidden);
    return bert_encoder(layers, config, inputs, x, "electra.encoder.layer");
  };
  family.classifier_features = [](Layers& layers, const TextConfig&, Value hidden) {
    return dense_features(layers, "classifier.dense", "gelu", hidden);
  };
  family.classifier = "classifier.out_proj";
  family.choice_features = sequence_summary;
  family.lm_head = [](Layers&, const TextConfig& config) -> LmHead {
    return {.dense = "generator_predictions.dense",
            .norm = "generator_predictions.LayerNorm",
            .decoder = "generator_lm_head",
            .bias = {"generator_lm_head.bias"},
            .act = "gelu",
            .eps = config.eps,
            .width = config.embedding};
  };
  family.pretraining = [](Layers& layers, const TextConfig& config, Value hidden) {
    Value x = activation(layers.linear(hidden, "discriminator_predictions.dense", config.hidden), config.act);
    x = layers.linear(x, "discriminator_predictions.dense_prediction", 1);
    layers.graph().output(ops::reshape(x, {hidden.dim(0), hidden.dim(1)}), "logits");
  };
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
