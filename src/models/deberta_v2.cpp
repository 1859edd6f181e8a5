#include <algorithm>
#include <cmath>

#include "accelerate/ops.h"
#include "base/error.h"
#include "models/relative_position.h"
#include "models/text_model.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

/// What DeBERTa adds to a text configuration.
struct DebertaConfig {
  bool relative_attention = false;
  bool share_att_key = false;
  bool c2p = false;
  bool p2c = false;
  bool norm_rel_embeddings = false;
  bool position_biased_input = true;
  int64_t max_relative_positions = 0;
  int64_t position_buckets = -1;
  int64_t span = 0;  // half the rows of the relative embeddings
  int64_t conv_kernel = 0;
  int64_t conv_groups = 1;
  std::string conv_act;
};

bool lists(const Json& config, std::string_view key, std::string_view word, std::string_view fallback) {
  std::string text(fallback);
  if (present(config, key)) {
    const Json& value = config[std::string(key)];
    if (value.is_array()) {
      text.clear();
      for (const Json& item : value) {
        if (!item.is_string()) fail(ErrorCode::invalid_model, "'{}' has an entry that is no string", key);
        text += item.get<std::string>() + "|";
      }
    } else {
      text = json_string(config, key, {});
    }
  }
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('|', begin), text.size());
    std::string_view part = std::string_view(text).substr(begin, end - begin);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (part == word) return true;
    begin = end + 1;
  }
  return false;
}

DebertaConfig read(const Json& json, const TextConfig& config) {
  DebertaConfig out;
  out.relative_attention = json_bool(json, "relative_attention", false);
  out.share_att_key = json_bool(json, "share_att_key", false);
  out.c2p = lists(json, "pos_att_type", "c2p", "");
  out.p2c = lists(json, "pos_att_type", "p2c", "");
  out.norm_rel_embeddings = lists(json, "norm_rel_ebd", "layer_norm", "none");
  out.position_biased_input = json_bool(json, "position_biased_input", true);
  out.max_relative_positions = json_int(json, "max_relative_positions", -1, -1, 1 << 16);
  if (out.max_relative_positions < 1) out.max_relative_positions = std::min<int64_t>(config.max_positions, 1 << 16);
  out.position_buckets = json_int(json, "position_buckets", -1, -1, 1 << 16);
  out.span = out.position_buckets > 0 ? out.position_buckets : out.max_relative_positions;
  if (out.position_buckets > 0 && (out.position_buckets < 4 || out.position_buckets % 2 != 0 ||
                                   out.max_relative_positions < out.position_buckets)) {
    fail(ErrorCode::invalid_model,
         "'position_buckets' is {}; expected -1 or an even integer in [4, {}] (max_relative_positions)",
         out.position_buckets, out.max_relative_positions);
  }
  out.conv_kernel = json_int(json, "conv_kernel_size", 0, 0, 1023);
  if (out.conv_kernel > 0 && out.conv_kernel % 2 == 0) {
    fail(ErrorCode::invalid_model, "'conv_kernel_size' is {}; expected an odd number", out.conv_kernel);
  }
  out.conv_groups = positive(json, "conv_groups", 1, config.hidden);
  if (config.hidden % out.conv_groups != 0) {
    fail(ErrorCode::invalid_model, "'conv_groups' is {}, which does not divide 'hidden_size' {}", out.conv_groups,
         config.hidden);
  }
  out.conv_act = json_string(json, "conv_act", "tanh");
  return out;
}

/// The relative part of the attention scores, which all layers compute from the same tables.
class Disentangled {
 public:
  Disentangled(Layers& layers, const TextConfig& config, const DebertaConfig& deberta, const TextInputs& inputs)
      : layers_(layers), config_(config), deberta_(deberta), rows_(inputs.rows), length_(inputs.sequence) {
    Graph& graph = layers.graph();
    Value keys = ops::cast(inputs.attention_mask, DType::boolean);
    mask_ = ops::logical_and(ops::reshape(keys, {rows_, 1, 1, length_}), ops::reshape(keys, {rows_, 1, length_, 1}));
    if (!active()) return;
    graph.set_location("deberta.encoder.rel_embeddings");
    const int64_t span = deberta.span;
    table_ = layers.parameter("deberta.encoder.rel_embeddings.weight", {2 * span, config.hidden});
    if (deberta.norm_rel_embeddings) table_ = layers.layer_norm(table_, "deberta.encoder.LayerNorm", config.eps);
    const DistanceTable buckets = deberta_buckets(deberta.position_buckets, deberta.max_relative_positions, span);
    Value rows = distance_rows(graph, length_, buckets.limit);
    const auto index = [&](int64_t sign) {
      std::vector<int64_t> values = buckets.values;
      for (int64_t& value : values) value = std::clamp<int64_t>(sign * value + span, 0, 2 * span - 1);
      Value by_pair = ops::gather(integers(graph, values), rows, 0);
      return ops::expand(ops::reshape(by_pair, {1, 1, length_, length_}), {rows_, config.heads, length_, length_});
    };
    if (deberta.c2p) c2p_index_ = index(1);
    // For keys as rows the distance changes its sign, and the formula negates the bucket.
    if (deberta.p2c) p2c_index_ = index(-1);
  }

  /// Scores are divided by sqrt(D * number of score terms).
  double scale() const {
    const int terms = 1 + (deberta_.c2p ? 1 : 0) + (deberta_.p2c ? 1 : 0);
    return 1.0 / std::sqrt(static_cast<double>(head_size(config_.hidden, config_.heads)) * terms);
  }

  /// Additive mask f32 [rows,H,T,T] (or [rows,1,T,T] without relative attention) of a layer. A masked pair has
  /// kMaskedScore, so that a query at a padded position attends to all keys alike, as in transformers.
  Value bias(const Projections& p, const std::string& layer) {
    Value masked = ops::scalar(layers_.graph(), DType::f32, kMaskedScore);
    if (!active()) return ops::where(mask_, ops::scalar(layers_.graph(), DType::f32, 0.0), masked);
    Value sum;
    if (deberta_.c2p) {
      const std::string name =
          layer + (deberta_.share_att_key ? "attention.self.key_proj" : "attention.self.pos_key_proj");
      sum = ops::gather_elements(against_table(p.query, name), c2p_index_, 3);
    }
    if (deberta_.p2c) {
      const std::string name =
          layer + (deberta_.share_att_key ? "attention.self.query_proj" : "attention.self.pos_query_proj");
      Value term = ops::gather_elements(against_table(p.key, name), p2c_index_, 3);
      term = ops::transpose(term, {0, 1, 3, 2});
      sum = sum ? ops::add(sum, term) : term;
    }
    return ops::where(mask_, ops::mul(sum, ops::scalar_like(sum, scale())), masked);
  }

 private:
  bool active() const { return deberta_.relative_attention && (deberta_.c2p || deberta_.p2c); }

  /// x [B,T,H,D] against each row of the projected table: [B,H,T,2*span].
  Value against_table(Value x, const std::string& projection) {
    Value rows = layers_.linear(table_, projection, config_.hidden);
    const int64_t size = head_size(config_.hidden, config_.heads);
    rows = ops::transpose(ops::reshape(rows, {2 * deberta_.span, config_.heads, size}), {1, 2, 0});
    return ops::matmul(ops::transpose(x, {0, 2, 1, 3}), rows);
  }

  Layers& layers_;
  const TextConfig& config_;
  const DebertaConfig& deberta_;
  Dim rows_;
  Dim length_;
  Value table_, mask_, c2p_index_, p2c_index_;
};

Value embed(Layers& layers, const TextConfig& config, const DebertaConfig& deberta, const TextInputs& inputs,
            Value token_mask) {
  const std::string prefix = "deberta.embeddings";
  layers.graph().set_location(prefix);
  Value x = layers.embedding(prefix + ".word_embeddings", inputs.input_ids, config.vocab, config.embedding);
  if (deberta.position_biased_input) {
    x = ops::add(x, layers.embedding(prefix + ".position_embeddings", positions(inputs), config.max_positions,
                                     config.embedding));
  }
  if (config.token_types > 0) {
    x = ops::add(x, layers.embedding(prefix + ".token_type_embeddings", inputs.token_type_ids, config.token_types,
                                     config.embedding));
  }
  if (config.embedding != config.hidden) x = layers.linear(x, prefix + ".embed_proj", config.hidden, false);
  return ops::mul(layers.layer_norm(x, prefix + ".LayerNorm", config.eps), token_mask);
}

/// The convolution over neighbouring tokens beside the first layer: hidden states [B,T,C] -> [B,T,C].
Value conv_layer(Layers& layers, const TextConfig& config, const DebertaConfig& deberta, Value embedded, Value output,
                 Value token_mask) {
  const std::string prefix = "deberta.encoder.conv";
  layers.graph().set_location(prefix);
  Value kernel = layers.parameter(prefix + ".conv.weight",
                                  {config.hidden, config.hidden / deberta.conv_groups, deberta.conv_kernel});
  ops::ConvOptions options;
  options.padding_begin = options.padding_end = {(deberta.conv_kernel - 1) / 2};
  options.groups = deberta.conv_groups;
  options.layout = "NHWC";
  Value x = ops::conv(embedded, kernel, layers.parameter(prefix + ".conv.bias", {config.hidden}), options);
  x = activation(ops::mul(x, token_mask), deberta.conv_act);
  return ops::mul(layers.layer_norm(ops::add(output, x), prefix + ".LayerNorm", config.eps), token_mask);
}

Value encode(Layers& layers, const TextConfig& config, const TextInputs& inputs) {
  const DebertaConfig deberta = read(layers.config(), config);
  // 0 or 1 a token, as a factor.
  Value token_mask = ops::reshape(ops::cast(inputs.attention_mask, DType::f32), {inputs.rows, inputs.sequence, 1});
  Value embedded = embed(layers, config, deberta, inputs, token_mask);
  Disentangled relative(layers, config, deberta, inputs);
  LayerSpec spec = bert_layer(config);
  spec.names.query = "attention.self.query_proj";
  spec.names.key = "attention.self.key_proj";
  spec.names.value = "attention.self.value_proj";
  Value x = embedded;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    const std::string layer = fmt::format("deberta.encoder.layer.{}.", i);
    x = transformer_layer(layers, x, layer, spec, [&](const Projections& p) {
      ops::AttentionOptions options;
      options.scale = relative.scale();
      options.layout = "BTHD";
      return ops::scaled_dot_product_attention(p.query, p.key, p.value, relative.bias(p, layer), options);
    });
    if (i == 0 && deberta.conv_kernel > 0) x = conv_layer(layers, config, deberta, embedded, x, token_mask);
  }
  return x;
}

Value context_pooler(Layers& layers, const TextConfig& config, Value hidden) {
  const int64_t width = positive(layers.config(), "pooler_hidden_size", config.hidden, kMaxWidth);
  if (width != config.hidden) {
    fail(ErrorCode::invalid_model, "'pooler_hidden_size' is {}; expected 'hidden_size', {}", width, config.hidden);
  }
  return dense_features(layers, "pooler.dense", json_string(layers.config(), "pooler_hidden_act", "gelu"), hidden);
}

/// The published checkpoints hold the masked language head as lm_predictions, whatever `legacy` says.
LmHead lm_head(Layers& layers, const TextConfig& config) {
  const bool legacy = json_bool(layers.config(), "legacy", true);
  const bool has_legacy = layers.has("cls.predictions.transform.dense.weight");
  const bool has_new = layers.has("lm_predictions.lm_head.dense.weight");
  if (has_new && (!legacy || !has_legacy)) {
    return {.dense = "lm_predictions.lm_head.dense",
            .norm = "lm_predictions.lm_head.LayerNorm",
            .decoder = "",
            .bias = {"lm_predictions.lm_head.bias"},
            .act = config.act,
            .eps = config.eps,
            .width = config.hidden};
  }
  return {.dense = "cls.predictions.transform.dense",
          .norm = "cls.predictions.transform.LayerNorm",
          .decoder = "cls.predictions.decoder",
          .bias = {"cls.predictions.decoder.bias", "cls.predictions.bias"},
          .act = config.act,
          .eps = config.eps,
          .width = config.embedding};
}

}  // namespace

/// DeBERTa v2 and v3: He et al. 2020, arXiv:2006.03654; He et al. 2021, arXiv:2111.09543.
void register_deberta_v2(ModelRegistry& registry) {
  TextFamily family;
  family.model_type = "deberta-v2";
  family.class_prefix = "DebertaV2";
  family.weight_prefix = "deberta";
  family.word_embeddings = "deberta.embeddings.word_embeddings";
  family.defaults = {.vocab = 128100,
                     .hidden = 1536,
                     .num_layers = 24,
                     .heads = 24,
                     .intermediate = 6144,
                     .max_positions = 512,
                     .token_types = 0,
                     .pad_token = 0,
                     .eps = 1e-7,
                     .act = "gelu"};
  family.complete = [](const Json& json, TextConfig& config) {
    config.is_decoder = false;
    config.embedding = positive(json, "embedding_size", config.hidden, kMaxWidth);
    const int64_t size = positive(json, "attention_head_size", config.hidden / config.heads, kMaxWidth);
    if (size * config.heads != config.hidden) {
      fail(ErrorCode::unsupported_model, "'attention_head_size' is {}; expected hidden_size / num_attention_heads, {}",
           size, config.hidden / config.heads);
    }
  };
  family.encode = encode;
  family.classifier_features = context_pooler;
  family.choice_features = context_pooler;
  family.lm_head = lm_head;
  register_text_family(registry, std::move(family));
}

}  // namespace accelerate::models
