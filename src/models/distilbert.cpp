#include "models/text_model.h"

namespace accelerate::models {

/// DistilBERT: Sanh et al. 2019, arXiv:1910.01108. Its norms have a fixed epsilon.
void register_distilbert(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "distilbert";
  family.class_prefix = "DistilBert";
  family.weight_prefix = "distilbert";
  family.word_embeddings = "distilbert.embeddings.word_embeddings";
  family.defaults = {.vocab = 30522,
                     .hidden = 768,
                     .num_layers = 6,
                     .heads = 12,
                     .intermediate = 3072,
                     .max_positions = 512,
                     .token_types = 0,
                     .pad_token = 0,
                     .eps = 1e-12,
                     .act = "gelu"};
  family.complete = [](const Json&, TextConfig& config) {
    config.eps = 1e-12;
    config.token_types = 0;
  };
  family.encode = [](Layers& layers, const TextConfig& config, const TextInputs& inputs) {
    Value x = bert_embeddings(layers, config, inputs, positions(inputs), "distilbert.embeddings");
    LayerSpec spec = bert_layer(config);
    spec.names = {"attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
                  "sa_layer_norm",   "ffn.lin1",        "ffn.lin2",        "output_layer_norm"};
    Value mask = key_mask(inputs);
    for (int64_t i = 0; i < config.num_layers; ++i) {
      x = transformer_layer(layers, x, fmt::format("distilbert.transformer.layer.{}.", i), spec, mask);
    }
    return x;
  };
  family.classifier_features = [](Layers& layers, const TextConfig&, Value hidden) {
    return dense_features(layers, "pre_classifier", "relu", hidden);
  };
  family.choice_features = family.classifier_features;
  family.lm_head = [](Layers&, const TextConfig& config) -> LmHead {
    return {.dense = "vocab_transform",
            .norm = "vocab_layer_norm",
            .decoder = "vocab_projector",
            .bias = {"vocab_projector.bias"},
            .act = config.act,
            .eps = config.eps,
            .width = config.hidden};
  };
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
