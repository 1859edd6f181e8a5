#include "accelerate/ops.h"
#include "base/error.h"
#include "models/relative_position.h"
#include "models/text_model.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

constexpr int64_t kPaddingId = 1;      // fixed by the class, whatever the configuration says
constexpr int64_t kNumBuckets = 32;    // likewise
constexpr int64_t kMaxDistance = 128;  // likewise

/// Additive mask f32 [rows,H,T,T]: the bias of the relative position, or kMaskedScore where the key is masked out.
Value position_bias(Layers& layers, const TextConfig& config, const TextInputs& inputs) {
  Graph& graph = layers.graph();
  graph.set_location("mpnet.encoder.relative_attention_bias");
  const int64_t rows = positive(layers.config(), "relative_attention_num_buckets", kNumBuckets, kMaxVocabulary);
  if (rows < kNumBuckets) {
    fail(ErrorCode::invalid_model, "'relative_attention_num_buckets' is {}; expected at least {}", rows, kNumBuckets);
  }
  const DistanceTable buckets = mpnet_buckets(kNumBuckets, kMaxDistance);
  Value by_distance =
      layers.embedding("mpnet.encoder.relative_attention_bias", integers(graph, buckets.values), rows, config.heads);
  Value bias =
      ops::gather(ops::transpose(by_distance, {1, 0}), distance_rows(graph, inputs.sequence, buckets.limit), 1);
  bias = ops::reshape(bias, {1, config.heads, inputs.sequence, inputs.sequence});
  return ops::where(key_mask(inputs), bias, ops::scalar(graph, DType::f32, kMaskedScore));
}

Value encode(Layers& layers, const TextConfig& config, const TextInputs& inputs) {
  Value x = bert_embeddings(layers, config, inputs, positions_without_padding(inputs, kPaddingId), "mpnet.embeddings");
  LayerSpec spec = bert_layer(config);
  spec.names = {"attention.attn.q",    "attention.attn.k",   "attention.attn.v", "attention.attn.o",
                "attention.LayerNorm", "intermediate.dense", "output.dense",     "output.LayerNorm"};
  Value mask = position_bias(layers, config, inputs);
  for (int64_t i = 0; i < config.num_layers; ++i) {
    x = transformer_layer(layers, x, fmt::format("mpnet.encoder.layer.{}.", i), spec, mask);
  }
  return x;
}

}  // namespace

/// MPNet: Song et al. 2020, arXiv:2004.09297. Relative position biases, shared by all layers.
void register_mpnet(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "mpnet";
  family.class_prefix = "MPNet";
  family.weight_prefix = "mpnet";
  family.word_embeddings = "mpnet.embeddings.word_embeddings";
  family.defaults = {.vocab = 30527,
                     .hidden = 768,
                     .num_layers = 12,
                     .heads = 12,
                     .intermediate = 3072,
                     .max_positions = 512,
                     .token_types = 0,
                     .pad_token = 1,
                     .eps = 1e-12,
                     .act = "gelu"};
  family.max_tokens = [](const TextConfig& config) { return config.max_positions - kPaddingId - 1; };
  family.complete = [](const Json&, TextConfig& config) {
    config.token_types = 0;
    config.is_decoder = false;
  };
  family.encode = encode;
  family.pool = [](Layers& layers, const TextConfig&, Value hidden) {
    return tanh_pooler(layers, "mpnet.pooler.dense", hidden);
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
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
