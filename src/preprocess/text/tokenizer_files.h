#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/text/tokenizer_class.h"

namespace accelerate {

/// A token that is found in the text before the model's own rules apply.
struct AddedToken {
  std::string content;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool normalized = false;
  bool special = true;
};

Json to_json(const AddedToken& token);

/// What tokenizer_config.json, special_tokens_map.json, added_tokens.json and config.json say about a folder's
/// tokenizer, with the defaults of its class filled in. Reads them as transformers' from_pretrained does.
struct TokenizerFiles {
  /// tokenizer_config.json, or an empty object.
  Json config = Json::object();
  /// Named by tokenizer_config.json or config.json; empty if neither does.
  std::string class_name;
  /// True if tokenizer_config.json named the class.
  bool config_names_class = false;
  /// By name, else by config.json's model_type; nullptr if not built in.
  const TokenizerClass* tokenizer_class = nullptr;
  std::string model_type;
  std::array<std::optional<AddedToken>, kNumSpecialTokens> special_tokens;
  /// True where a special token comes from the class, not from a file.
  std::array<bool, kNumSpecialTokens> is_class_default = {};
  /// Under names of their own in tokenizer_config.json, as "image_token".
  std::vector<AddedToken> model_specific_tokens;
  std::vector<AddedToken> extra_special_tokens;
  /// True if tokenizer_config.json lists the extra ones; a SentencePiece model's own then do not count.
  bool config_names_extras = false;
  /// In the order of their ids.
  std::vector<AddedToken> added_tokens;
  std::optional<std::string> chat_template;

  const std::optional<AddedToken>& special(SpecialToken token) const {
    return special_tokens[static_cast<size_t>(token)];
  }
};

/// Errors: invalid_model if a file is malformed or a value has a wrong type.
TokenizerFiles read_tokenizer_files(const FileSet& files);

}  // namespace accelerate
