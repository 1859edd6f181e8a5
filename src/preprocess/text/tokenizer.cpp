#include "preprocess/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "preprocess/text/convert.h"
#include "preprocess/text/crate_call.h"
#include "preprocess/text/tokenizer_files.h"
#include "preprocess/text/tokenizers_c.h"
#include "preprocess/text/utf8.h"

namespace accelerate {

struct Tokenizer::Handle {
  at_tokenizer* tokenizer = nullptr;
  ~Handle() { at_tokenizer_destroy(tokenizer); }
};

namespace {

using crate::text_of;

/// Larger values of model_max_length stand for "none".
constexpr double kMaxModelLength = 1 << 30;

Json tokens_json(std::span<const AddedToken> tokens) {
  Json out = Json::array();
  for (const AddedToken& token : tokens) out.push_back(to_json(token));
  return out;
}

/// The special tokens around a text when tokenizer_config.json sets add_bos_token or add_eos_token. A
/// tokenizer.json says itself what goes around a text.
Json bos_eos_template(const TokenizerFiles& config) {
  const auto content = [&](SpecialToken token, std::string_view key) -> std::optional<std::string> {
    const auto& special = config.special(token);
    if (!special || !json_bool(config.config, key, false)) return std::nullopt;
    return special->content;
  };
  const auto bos = content(SpecialToken::bos, "add_bos_token");
  const auto eos = content(SpecialToken::eos, "add_eos_token");
  Json single = Json::array();
  Json pair = Json::array();
  Json tokens = Json::array();
  for (const char* type : {":0", ":1"}) {
    Json part = Json::array();
    if (bos) part.push_back(*bos + type);
    part.push_back(std::string(type[1] == '0' ? "$A" : "$B") + type);
    if (eos) part.push_back(*eos + type);
    if (type[1] == '0') single = part;
    pair.insert(pair.end(), part.begin(), part.end());
  }
  if (bos) tokens.push_back(*bos);
  if (eos && eos != bos) tokens.push_back(*eos);
  return {{"single", single}, {"pair", pair}, {"tokens", tokens}};
}

Json bert_settings(const TokenizerFiles& config) {
  const auto accents = config.config.find("strip_accents");
  const bool set = accents != config.config.end() && !accents->is_null();
  return {{"lowercase", json_bool(config.config, "do_lower_case", true)},
          {"handle_chinese_chars", json_bool(config.config, "tokenize_chinese_chars", true)},
          {"strip_accents", set ? Json(json_bool(config.config, "strip_accents", std::nullopt)) : Json(nullptr)}};
}

/// What the crate must add to `converted`, or to the folder's own tokenizer.json if that is null.
Json crate_settings(const TokenizerFiles& config, const ConvertedTokenizer* converted) {
  std::vector<AddedToken> special;
  std::vector<AddedToken> known;
  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    if (!config.special_tokens[i]) continue;
    const bool optional = converted == nullptr && config.is_class_default[i];
    (optional ? known : special).push_back(*config.special_tokens[i]);
  }
  special.insert(special.end(), config.model_specific_tokens.begin(), config.model_specific_tokens.end());
  const bool own_extras =
      converted != nullptr && !converted->extra_special_tokens.empty() && !config.config_names_extras;
  const auto& extras = own_extras ? converted->extra_special_tokens : config.extra_special_tokens;
  special.insert(special.end(), extras.begin(), extras.end());

  Json settings = converted != nullptr ? converted->post_processor : Json::object();
  settings["added_tokens"] = tokens_json(config.added_tokens);
  settings["special_tokens"] = tokens_json(special);
  settings["known_tokens"] = tokens_json(known);
  const TokenizerClass* known_class = config.tokenizer_class;
  const bool sets_bos_eos = config.config.contains("add_bos_token") || config.config.contains("add_eos_token");
  if (converted != nullptr && sets_bos_eos && known_class->obeys_add_bos_eos) {
    settings["template"] = bos_eos_template(config);
  }
  const bool bert =
      known_class != nullptr && (known_class->kind == TokenizerKind::bert || known_class->kind == TokenizerKind::mpnet);
  if (converted == nullptr && config.config_names_class && bert) settings["bert"] = bert_settings(config);
  return settings;
}

Side read_side(const TokenizerFiles& config, std::string_view key, Side fallback) {
  const std::string text = json_string(config.config, key, fallback == Side::left ? "left" : "right");
  if (text == "left") return Side::left;
  if (text == "right") return Side::right;
  fail(ErrorCode::invalid_model, "tokenizer_config.json: \"{}\" is \"{}\", expected \"left\" or \"right\"", key,
       printable(text));
}

std::optional<size_t> read_max_length(const TokenizerFiles& config, std::optional<int64_t> max_positions) {
  std::optional<size_t> length;
  const std::string_view key = config.config.contains("model_max_length") ? "model_max_length" : "max_len";
  const auto found = config.config.find(key);
  if (found != config.config.end() && !found->is_null()) {
    const double value = json_double(config.config, key, std::nullopt);
    if (!(value >= 1)) {
      fail(ErrorCode::invalid_model, "tokenizer_config.json: \"{}\" is {}, expected at least 1", key, value);
    }
    if (value <= kMaxModelLength) length = static_cast<size_t>(value);
  }
  if (max_positions) {
    if (*max_positions < 1) {
      fail(ErrorCode::invalid_argument, "max_positions is {}, expected at least 1", *max_positions);
    }
    length = std::min(length.value_or(SIZE_MAX), static_cast<size_t>(*max_positions));
  }
  return length;
}

std::vector<std::string> read_input_names(const TokenizerFiles& config) {
  const auto found = config.config.find("model_input_names");
  if (found == config.config.end() || found->is_null()) {
    if (config.tokenizer_class == nullptr) return {"input_ids", "attention_mask"};
    const auto& names = config.tokenizer_class->model_input_names;
    return {names.begin(), names.end()};
  }
  std::vector<std::string> names;
  for (const Json& name : *found) {
    if (!found->is_array() || !name.is_string()) {
      fail(ErrorCode::invalid_model, "tokenizer_config.json: \"model_input_names\" is not an array of strings");
    }
    names.push_back(name.get<std::string>());
  }
  return names;
}

int32_t crate_value(Truncation truncation) {
  switch (truncation) {
    case Truncation::none: return at_no_truncation;
    case Truncation::longest_first: return at_longest_first;
    case Truncation::only_first: return at_only_first;
    case Truncation::only_second: return at_only_second;
  }
  return at_no_truncation;
}

TokenEncoding copy_of(const at_encoding_view& view, size_t sample) {
  TokenEncoding out;
  out.ids.assign(view.ids, view.ids + view.size);
  out.attention_mask.assign(view.attention_mask, view.attention_mask + view.size);
  out.token_type_ids.assign(view.type_ids, view.type_ids + view.size);
  out.special_tokens_mask.assign(view.special_tokens_mask, view.special_tokens_mask + view.size);
  out.word_ids.assign(view.word_ids, view.word_ids + view.size);
  out.sequence_ids.assign(view.sequence_ids, view.sequence_ids + view.size);
  out.offsets.reserve(view.size);
  for (size_t i = 0; i < view.size; ++i) out.offsets.push_back({view.offsets[i].begin, view.offsets[i].end});
  out.sample = sample;
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// clean_up_tokenization of transformers.
void clean_up(std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

}  // namespace

Tokenizer::Tokenizer() : handle_(std::make_unique<Handle>()) {}
Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::load(const FileSet& files, const TokenizerOptions& options) {
  std::shared_ptr<Tokenizer> out(new Tokenizer());
  try {
    out->read(files, options);
  } catch (Error& error) {
    error.in(fmt::format("the tokenizer of {}", files.description()));
    throw;
  }
  return out;
}

void Tokenizer::read(const FileSet& files, const TokenizerOptions& options) {
  const TokenizerFiles config = read_tokenizer_files(files);
  description_ = files.description();
  const bool has_json = files.contains("tokenizer.json");
  ConvertedTokenizer converted;
  if (has_json) {
    converted.json = files.read("tokenizer.json");
  } else {
    converted = convert_tokenizer(files, config);
  }
  const std::string settings = crate_settings(config, has_json ? nullptr : &converted).dump();
  at_string error{};
  const at_status status = at_tokenizer_create(text_of(converted.json), text_of(settings), &handle_->tokenizer, &error);
  if (status != at_ok) {
    const std::string message = crate::take(error);
    fail(ErrorCode::invalid_model, "the tokenizer cannot be built: {}{}", has_json ? "tokenizer.json: " : "", message);
  }

  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    if (!config.special_tokens[i]) continue;
    const auto id = token_to_id(config.special_tokens[i]->content);
    if (!id && config.is_class_default[i]) continue;
    special_tokens_[i] = config.special_tokens[i]->content;
    special_ids_[i] = id;
  }
  const auto note = [&](const AddedToken& token) {
    const auto id = token_to_id(token.content);
    if (id && token.special) all_special_ids_.push_back(*id);
  };
  for (const auto& token : config.special_tokens) {
    if (token) note(*token);
  }
  std::ranges::for_each(config.model_specific_tokens, note);
  std::ranges::for_each(config.extra_special_tokens, note);
  std::ranges::for_each(converted.extra_special_tokens, note);
  std::ranges::for_each(config.added_tokens, note);
  std::ranges::sort(all_special_ids_);

  model_max_length_ = read_max_length(config, options.max_positions);
  max_text_bytes_ = options.max_text_bytes;
  truncation_side_ = read_side(config, "truncation_side", Side::right);
  const Side default_side = config.tokenizer_class != nullptr ? config.tokenizer_class->padding_side : Side::right;
  padding_side_ = read_side(config, "padding_side", default_side);
  model_input_names_ = read_input_names(config);
  clean_up_spaces_ = json_bool(config.config, "clean_up_tokenization_spaces", false);
  clean_up_byte_pairs_ =
      json_bool(config.config, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", false);
  clip_decoding_ = config.tokenizer_class != nullptr && config.tokenizer_class->kind == TokenizerKind::clip;
  chat_template_ = config.chat_template;
}

std::vector<TokenEncoding> Tokenizer::encode_windows(const TextInput& input, const EncodeOptions& options,
                                                     size_t sample) const {
  const size_t size = input.first.size() + input.second.value_or("").size();
  if (size > max_text_bytes_) {
    fail(ErrorCode::invalid_argument, "the text has {} bytes, expected at most {}; split it", size, max_text_bytes_);
  }
  const auto max_length = options.max_length ? options.max_length : model_max_length_;
  const bool truncates = options.truncation != Truncation::none && max_length;
  const at_encode_options crate_options = {
      .add_special_tokens = options.add_special_tokens,
      .truncate_left = truncation_side_ == Side::left,
      .keep_overflow = options.overflow,
      .truncation = truncates ? crate_value(options.truncation) : int32_t{at_no_truncation},
      .max_length = max_length.value_or(0),
      .stride = options.stride,
  };
  const at_text second = text_of(input.second.value_or(""));
  at_encodings* encodings = nullptr;
  at_string error{};
  const at_status status = at_encode(handle_->tokenizer, text_of(input.first), input.second ? &second : nullptr,
                                     &crate_options, &encodings, &error);
  if (status != at_ok) {
    const std::string message = crate::take(error);
    if (status == at_bad_input) fail(ErrorCode::invalid_argument, "{}", message);
    fail(ErrorCode::invalid_model, "the tokenizer of {} cannot encode this text: {}", description_, message);
  }
  const std::unique_ptr<at_encodings, decltype(&at_encodings_destroy)> owner(encodings, at_encodings_destroy);
  std::vector<TokenEncoding> out;
  for (size_t i = 0; i < at_encodings_count(encodings); ++i) {
    at_encoding_view view{};
    at_encodings_get(encodings, i, &view);
    out.push_back(copy_of(view, sample));
    if (!options.overflow) break;
  }
  return out;
}

TokenEncoding Tokenizer::encode(const TextInput& input, const EncodeOptions& options) const {
  EncodeOptions first_only = options;
  first_only.overflow = false;
  return std::move(encode_windows(input, first_only, 0).front());
}

std::vector<TokenEncoding> Tokenizer::encode_batch(std::span<const TextInput> inputs, const EncodeOptions& options,
                                                   Executor* executor) const {
  std::vector<std::vector<TokenEncoding>> windows(inputs.size());
  const auto encode_one = [&](int64_t i, int /*thread*/) {
    const auto sample = static_cast<size_t>(i);
    windows[sample] = encode_windows(inputs[sample], options, sample);
  };
  if (executor != nullptr && inputs.size() > 1) {
    executor->parallel_for(static_cast<int64_t>(inputs.size()), encode_one);
  } else {
    for (size_t i = 0; i < inputs.size(); ++i) encode_one(static_cast<int64_t>(i), 0);
  }
  std::vector<TokenEncoding> out;
  out.reserve(inputs.size());
  for (auto& sample : windows) std::ranges::move(sample, std::back_inserter(out));
  return out;
}

PaddingOptions Tokenizer::padding() const {
  const auto id = special_id(SpecialToken::pad);
  if (!id) {
    fail(ErrorCode::invalid_model,
         "the tokenizer of {} has no pad token, so texts of different lengths cannot be batched; set \"pad_token\" "
         "in tokenizer_config.json or use batches of one",
         description_);
  }
  return {.side = padding_side_, .pad_id = *id};
}

std::string Tokenizer::decode(std::span<const int64_t> ids, const DecodeOptions& options) const {
  std::vector<uint32_t> narrow;
  narrow.reserve(ids.size());
  for (const int64_t id : ids) {
    if (id < 0) fail(ErrorCode::invalid_argument, "token id is {}, expected at least 0", id);
    if (id <= UINT32_MAX) narrow.push_back(static_cast<uint32_t>(id));
  }
  at_string decoded{};
  at_string error{};
  if (at_decode(handle_->tokenizer, narrow.data(), narrow.size(), options.skip_special_tokens, &decoded, &error) !=
      at_ok) {
    const std::string message = crate::take(error);
    fail(ErrorCode::invalid_model, "the tokenizer of {} cannot decode these ids: {}", description_, message);
  }
  std::string text = crate::take(decoded);
  if (clip_decoding_) {
    replace_all(text, "</w>", " ");
    text = trim(text);
  }
  const bool byte_pairs = at_model_kind(handle_->tokenizer) == at_bpe;
  const bool by_default = clean_up_spaces_ && (!byte_pairs || clean_up_byte_pairs_);
  if (options.clean_up_spaces.value_or(by_default)) clean_up(text);
  return text;
}

std::string Tokenizer::join_tokens(std::span<const std::string> tokens) const {
  std::vector<at_text> texts;
  texts.reserve(tokens.size());
  for (const std::string& token : tokens) texts.push_back(text_of(token));
  at_string joined{};
  at_string error{};
  if (at_join_tokens(handle_->tokenizer, texts.data(), texts.size(), &joined, &error) != at_ok) {
    const std::string message = crate::take(error);
    fail(ErrorCode::invalid_model, "the tokenizer of {} cannot join these tokens: {}", description_, message);
  }
  return crate::take(joined);
}

bool Tokenizer::marks_word_pieces() const {
  return at_model_kind(handle_->tokenizer) == at_word_piece;
}

std::optional<int64_t> Tokenizer::token_to_id(std::string_view token) const {
  const int64_t id = at_token_to_id(handle_->tokenizer, text_of(token));
  return id < 0 ? std::nullopt : std::optional(id);
}

std::optional<std::string> Tokenizer::id_to_token(int64_t id) const {
  at_string token{};
  if (id < 0 || id > UINT32_MAX || !at_id_to_token(handle_->tokenizer, static_cast<uint32_t>(id), &token)) {
    return std::nullopt;
  }
  return crate::take(token);
}

size_t Tokenizer::vocab_size() const {
  return at_vocab_size(handle_->tokenizer, true);
}

void Tokenizer::check_vocabulary(int64_t embedding_rows) const {
  const int64_t max_id = at_max_id(handle_->tokenizer);
  if (max_id < embedding_rows) return;
  fail(ErrorCode::invalid_model,
       "the tokenizer of {} has token ids up to {}, but the model has embeddings for {} tokens; this tokenizer "
       "belongs to another model",
       description_, max_id, embedding_rows);
}

std::optional<std::string> Tokenizer::special_token(SpecialToken token) const {
  return special_tokens_[static_cast<size_t>(token)];
}

bool Tokenizer::is_special(int64_t id) const {
  return std::ranges::binary_search(all_special_ids_, id);
}

size_t Tokenizer::num_special_tokens(bool pair) const {
  return at_num_added_tokens(handle_->tokenizer, pair);
}

bool Tokenizer::uses_token_type_ids() const {
  return std::ranges::find(model_input_names_, "token_type_ids") != model_input_names_.end();
}

Json Tokenizer::special_tokens_map() const {
  Json out = Json::object();
  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    if (special_tokens_[i]) out[std::string(config_key_of(static_cast<SpecialToken>(i)))] = *special_tokens_[i];
  }
  return out;
}

}  // namespace accelerate
