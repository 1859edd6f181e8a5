#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/file.h"
#include "base/json.h"
#include "preprocess/text/encoding.h"
#include "preprocess/text/tokenizer_class.h"

namespace accelerate {

/// One text, or two that belong together (question and context, premise and hypothesis). UTF-8.
struct TextInput {
  std::string_view first;
  std::optional<std::string_view> second;
};

enum class Truncation {
  none,
  longest_first,  ///< cuts the longer text until both fit
  only_first,
  only_second,
};

struct EncodeOptions {
  bool add_special_tokens = true;
  Truncation truncation = Truncation::none;
  /// Tokens, special ones included; unset: model_max_length(). Without either nothing is cut.
  std::optional<size_t> max_length;
  /// Return all windows of a text that is cut, each sharing `stride` tokens with the one before.
  bool overflow = false;
  size_t stride = 0;
};

struct DecodeOptions {
  bool skip_special_tokens = false;
  /// Remove the space before punctuation; unset: what the folder says, by default no. Byte-pair
  /// tokenizers never do unless this is true.
  std::optional<bool> clean_up_spaces;
};

struct TokenizerOptions {
  /// Positions that the model has for tokens; limits model_max_length().
  std::optional<int64_t> max_positions;
  /// Longer texts are refused.
  size_t max_text_bytes = size_t{16} << 20;
};

/// A Hugging Face tokenizer. Immutable; all methods may be called by several threads at once.
/// Padding and truncation that tokenizer.json carries are never applied: the caller decides.
class Tokenizer {
 public:
  /// From tokenizer.json, or converted from vocab.txt, vocab.json + merges.txt or a SentencePiece model;
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json are obeyed.
  /// Errors: not_found if no vocabulary is there, unsupported_model, invalid_model.
  static std::shared_ptr<const Tokenizer> load(const FileSet& files, const TokenizerOptions& options = {});
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// The first window of one input. Errors: invalid_argument for text that is not UTF-8 or too long, and for
  /// a max_length or stride that cannot be met; each says what would do.
  TokenEncoding encode(const TextInput& input, const EncodeOptions& options = {}) const;
  TokenEncoding encode(std::string_view text, const EncodeOptions& options = {}) const {
    return encode(TextInput{text, std::nullopt}, options);
  }
  /// In the order of the inputs; with options.overflow several windows an input (TokenEncoding::sample tells which).
  /// Not padded. Runs on `executor` if given. Errors: as encode.
  std::vector<TokenEncoding> encode_batch(std::span<const TextInput> inputs, const EncodeOptions& options = {},
                                          Executor* executor = nullptr) const;
  /// This tokenizer's pad token and side, to the longest of the batch.
  /// Errors: invalid_model if there is no pad token.
  PaddingOptions padding() const;

  /// Text of the ids; ids without a token add nothing. Errors: invalid_argument for a negative id.
  std::string decode(std::span<const int64_t> ids, const DecodeOptions& options = {}) const;

  /// Text of tokens as id_to_token writes them, or of words made of them (convert_tokens_to_string in transformers).
  std::string join_tokens(std::span<const std::string> tokens) const;
  /// True if the vocabulary marks the pieces inside a word (WordPiece), so that words can be told from their parts.
  bool marks_word_pieces() const;

  std::optional<int64_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int64_t id) const;
  /// Size with added tokens, as Python's len(tokenizer).
  size_t vocab_size() const;
  /// Throws Error(invalid_model) unless every id is below the number of embedding rows.
  void check_vocabulary(int64_t embedding_rows) const;

  std::optional<int64_t> special_id(SpecialToken token) const { return special_ids_[static_cast<size_t>(token)]; }
  std::optional<std::string> special_token(SpecialToken token) const;
  bool is_special(int64_t id) const;
  /// Special tokens put around one text, or around a pair.
  size_t num_special_tokens(bool pair) const;

  /// Tokens that fit the model, special ones included; unset: no limit is known.
  std::optional<size_t> model_max_length() const { return model_max_length_; }
  Side padding_side() const { return padding_side_; }
  Side truncation_side() const { return truncation_side_; }
  /// Names of the model's inputs, as "input_ids", "token_type_ids", "attention_mask".
  const std::vector<std::string>& model_input_names() const { return model_input_names_; }
  bool uses_token_type_ids() const;

  const std::optional<std::string>& chat_template() const { return chat_template_; }
  /// {"bos_token": "<s>", ...}: the special tokens as a chat template sees them.
  Json special_tokens_map() const;

 private:
  struct Handle;
  Tokenizer();
  void read(const FileSet& files, const TokenizerOptions& options);
  std::vector<TokenEncoding> encode_windows(const TextInput& input, const EncodeOptions& options, size_t sample) const;

  std::unique_ptr<Handle> handle_;
  std::string description_;
  std::array<std::optional<std::string>, kNumSpecialTokens> special_tokens_;
  std::array<std::optional<int64_t>, kNumSpecialTokens> special_ids_;
  std::vector<int64_t> all_special_ids_;
  std::optional<size_t> model_max_length_;
  size_t max_text_bytes_ = 0;
  Side padding_side_ = Side::right;
  Side truncation_side_ = Side::right;
  std::vector<std::string> model_input_names_;
  bool clean_up_spaces_ = false;
  bool clean_up_byte_pairs_ = false;
  bool clip_decoding_ = false;
  std::optional<std::string> chat_template_;
};

}  // namespace accelerate
