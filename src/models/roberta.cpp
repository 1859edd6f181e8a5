#include "models/text_model.h"

namespace accelerate::models {
namespace {

/// RoBERTa counts positions over real tokens, from pad_token + 1 on, and has one token type in published models.
TextFamily roberta_family(std::string model_type, std::string class_prefix, int64_t vocab) {
  TextFamily family;
  family.model_type = std::move(model_type);
  family.class_prefix = std::move(class_prefix);
  family.weight_prefix = "roberta";
  family.word_embeddings = "roberta.embeddings.word_embeddings";
  family.defaults = {.vocab = vocab,
                     .hidden = 768,
                     .num_layers = 12,
                     .heads = 12,
                     .intermediate = 3072,
                     .max_positions = 512,
                     .token_types = 2,
                     .pad_token = 1,
                     .eps = 1e-12,
                     .act = "gelu"};
  family.min_token_types_for_input = 2;
  family.causal_suffix = "ForCausalLM";
  family.max_tokens = [](const TextConfig& config) { return config.max_positions - config.pad_token - 1; };
  family.encode = [](Layers& layers, const TextConfig& config, const TextInputs& inputs) {
    Value x = bert_embeddings(layers, config, inputs, positions_without_padding(inputs, config.pad_token),
                              "roberta.embeddings");
    return bert_encoder(layers, config, inputs, x, "roberta.encoder.layer");
  };
  family.pool = [](Layers& layers, const TextConfig&, Value hidden) {
    return tanh_pooler(layers, "roberta.pooler.dense", hidden);
  };
  family.classifier_features = [](Layers& layers, const TextConfig&, Value hidden) {
    return dense_features(layers, "classifier.dense", "tanh", hidden);
  };
  family.classifier = "classifier.out_proj";
  family.lm_head = [](Layers&, const TextConfig& config) -> LmHead {
    return {.dense = "lm_head.dense",
            .norm = "lm_head.layer_norm",
            .decoder = "lm_head.decoder",
            .bias = {"lm_head.decoder.bias", "lm_head.bias"},
            .act = "gelu",
            .eps = config.eps,
            .width = config.hidden};
  };
  return family;
}

}  // namespace

/// RoBERTa: Liu et al. 2019, arXiv:1907.11692; XLM-RoBERTa: Conneau et al. 2019, arXiv:1911.02116;
/// CamemBERT: Martin et al. 2019, arXiv:1911.03894.
void register_roberta(ModelRegistry& registry) {
  register_text_family(registry, roberta_family("roberta", "Roberta", 50265));
  register_text_family(registry, roberta_family("xlm-roberta", "XLMRoberta", 30522));
  register_text_family(registry, roberta_family("camembert", "Camembert", 30522));
}

}  // namespace accelerate::models
