#include <array>
#include <cmath>

#include "base/error.h"
#include "import/hf/hf_folder.h"

namespace accelerate::import {
namespace {

struct SizeRange {
  std::string_view key;
  int64_t min;
  int64_t max;
};
constexpr int64_t kMaxWidth = int64_t{1} << 24;
constexpr int64_t kMaxCount = int64_t{1} << 16;
constexpr int64_t kMaxRows = int64_t{1} << 30;
// Keys of transformers' configurations whose meaning does not depend on the architecture.
constexpr std::array<SizeRange, 38> kSizes = {{
    {"hidden_size", 1, kMaxWidth},
    {"hidden_sizes", 1, kMaxWidth},
    {"embedding_size", 1, kMaxWidth},
    {"intermediate_size", 1, kMaxWidth},
    {"d_model", 1, kMaxWidth},
    {"d_ff", 1, kMaxWidth},
    {"d_kv", 1, kMaxWidth},
    {"dim", 1, kMaxWidth},
    {"hidden_dim", 1, kMaxWidth},
    {"n_embd", 1, kMaxWidth},
    {"head_dim", 0, kMaxWidth},
    {"projection_dim", 0, kMaxWidth},
    {"encoder_ffn_dim", 1, kMaxWidth},
    {"decoder_ffn_dim", 1, kMaxWidth},
    {"num_hidden_layers", 1, kMaxCount},
    {"num_layers", 1, kMaxCount},
    {"n_layers", 1, kMaxCount},
    {"n_layer", 1, kMaxCount},
    {"encoder_layers", 1, kMaxCount},
    {"decoder_layers", 1, kMaxCount},
    {"num_hidden_groups", 1, kMaxCount},
    {"inner_group_num", 1, kMaxCount},
    {"depths", 1, kMaxCount},
    {"num_attention_heads", 1, kMaxCount},
    {"num_key_value_heads", 1, kMaxCount},
    {"n_heads", 1, kMaxCount},
    {"n_head", 1, kMaxCount},
    {"num_heads", 1, kMaxCount},
    {"encoder_attention_heads", 1, kMaxCount},
    {"decoder_attention_heads", 1, kMaxCount},
    {"num_channels", 1, kMaxCount},
    {"num_labels", 1, kMaxRows},
    {"vocab_size", 1, kMaxRows},
    {"type_vocab_size", 0, kMaxRows},
    {"max_position_embeddings", 1, kMaxRows},
    {"n_positions", 1, kMaxRows},
    {"image_size", 1, kMaxCount},
    {"patch_size", 1, kMaxCount},
}};
constexpr std::array<std::string_view, 4> kEpsilons = {"layer_norm_eps", "layer_norm_epsilon", "rms_norm_eps",
                                                       "norm_eps"};

void check_size(const Json& config, const SizeRange& range) {
  const auto found = config.find(range.key);
  if (found == config.end() || found->is_object()) return;
  if (!found->is_array()) {
    json_int(config, range.key, range.min, range.min, range.max);
    return;
  }
  // Some families have one value a stage, or one a side.
  for (const Json& item : *found) {
    const Json one = {{std::string(range.key), item}};
    if (item.is_array()) continue;
    json_int(one, range.key, {}, range.min, range.max);
  }
}

void check_level(const Json& config, int depth) {
  for (const SizeRange& range : kSizes) check_size(config, range);
  for (const std::string_view key : kEpsilons) {
    const double value = json_double(config, key, 0.0);
    if (value < 0.0 || value > 1.0) {
      fail(ErrorCode::invalid_model, "'{}' is {}; expected a number in [0, 1]", key, value);
    }
  }
  if (depth == 0) return;
  for (const auto& [key, value] : config.items()) {
    if (!value.is_object() || !key.ends_with("_config")) continue;
    try {
      check_level(value, depth - 1);
    } catch (Error& e) {
      throw std::move(e.in(printable(key)));
    }
  }
}

}  // namespace

void check_config_values(const Json& config) {
  check_level(config, 4);
}

}  // namespace accelerate::import
