#include "models/text_model.h"

namespace accelerate::models {

/// BERT: Devlin et al. 2018, arXiv:1810.04805.
void register_bert(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "bert";
  family.class_prefix = "Bert";
  family.weight_prefix = "bert";
  family.word_embeddings = "bert.embeddings.word_embeddings";
  family.defaults = {.vocab = 30522,
                     .hidden = 768,
                     .num_layers = 12,
                     .heads = 12,
                     .intermediate = 3072,
                     .max_positions = 512,
                     .token_types = 2,
                     .pad_token = 0,
                     .eps = 1e-12,
                     .act = "gelu"};
  family.next_sentence = true;
  family.causal_suffix = "LMHeadModel";
  family.encode = [](Layers& layers, const TextConfig& config, const TextInputs& inputs) {
    Value x = bert_embeddings(layers, config, inputs, positions(inputs), "bert.embeddings");
    return bert_encoder(layers, config, inputs, x, "bert.encoder.layer");
  };
  family.pool = [](Layers& layers, const TextConfig&, Value hidden) {
    return tanh_pooler(layers, "bert.pooler.dense", hidden);
  };
  family.lm_head = [](Layers&, const TextConfig& config) -> LmHead {
    return {.dense = "cls.predictions.transform.dense",
            .norm = "cls.predictions.transform.LayerNorm",
            .decoder = "cls.predictions.decoder",
            .bias = {"cls.predictions.decoder.bias", "cls.predictions.bias"},
            .act = config.act,
            .eps = config.eps,
            .width = config.hidden};
  };
  family.pretraining = [family](Layers& layers, const TextConfig& config, Value hidden) {
    layers.graph().output(lm_logits(layers, family, config, hidden), "prediction_logits");
    Value pooled = dense_features(layers, "bert.pooler.dense", "tanh", hidden);
    layers.graph().output(layers.linear(pooled, "cls.seq_relationship", 2), "seq_relationship_logits");
  };
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
