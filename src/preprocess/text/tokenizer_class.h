#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "preprocess/text/encoding.h"

namespace accelerate {

/// Special tokens by role, in the order in which transformers adds them to a vocabulary.
enum class SpecialToken { bos, eos, unk, sep, pad, cls, mask };
inline constexpr size_t kNumSpecialTokens = 7;
/// "bos_token", ...
std::string_view config_key_of(SpecialToken token);

/// How a folder's vocabulary files become a tokenizer.
enum class TokenizerKind {
  bert,
  mpnet,
  roberta,
  gpt2,
  clip,
  deberta,
  xlm_roberta,
  camembert,
  albert,
  deberta_v2,
  t5,
  llama,
  gemma,
};

/// What a tokenizer class of transformers fixes in code rather than in files.
struct TokenizerClass {
  std::string_view name;
  TokenizerKind kind;
  /// Content by SpecialToken; empty means none.
  std::array<std::string_view, kNumSpecialTokens> special_tokens;
  std::vector<std::string_view> model_input_names;
  Side padding_side = Side::right;
  /// The mask token takes the white space before it.
  bool mask_strips_left = false;
  /// add_bos_token and add_eos_token of tokenizer_config.json change the special tokens around a text.
  bool obeys_add_bos_eos = false;
};

/// The class of this name (a trailing "Fast" is ignored), or nullptr if it is not built in.
const TokenizerClass* find_tokenizer_class(std::string_view name);
/// The class that transformers uses for this model_type of config.json, or nullptr.
const TokenizerClass* tokenizer_class_of_model(std::string_view model_type);
/// Names of all classes, for messages.
std::string known_tokenizer_classes();

}  // namespace accelerate
