#include "preprocess/text/ctc_decoder.h"

#include "base/error.h"
#include "base/json.h"
#include "preprocess/text/utf8.h"

namespace accelerate {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;

/// A special token, which is written as a text or as an object with its content.
std::string token_text(const Json& config, std::string_view key, std::string fallback) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return fallback;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_object() && found->contains("content") && found->at("content").is_string())
    return found->at("content").get<std::string>();
  fail(ErrorCode::invalid_model, "tokenizer_config.json: '{}' is neither a text nor an object with a content", key);
}

}  // namespace

CtcDecoder CtcDecoder::from_files(const FileSet& files, std::string_view language) {
  if (!files.contains("vocab.json"))
    fail(ErrorCode::not_found, "{} has no vocab.json, the characters of its classes; copy it from the model's source",
         files.description());
  Json config = Json::object();
  if (files.contains("tokenizer_config.json"))
    config = parse_json(files.read("tokenizer_config.json", kMaxFileBytes), "tokenizer_config.json");
  if (!config.is_object()) fail(ErrorCode::invalid_model, "tokenizer_config.json: expected an object");
  Json vocabulary = parse_json(files.read("vocab.json", kMaxFileBytes), "vocab.json");
  if (!vocabulary.is_object() || vocabulary.empty())
    fail(ErrorCode::invalid_model, "vocab.json: expected an object from tokens to ids");
  if (vocabulary.begin()->is_object()) {
    const std::string chosen = language.empty() ? token_text(config, "target_lang", "") : std::string(language);
    if (!vocabulary.contains(chosen)) {
      std::string known;
      for (const auto& entry : vocabulary.items()) known += (known.empty() ? "" : ", ") + printable(entry.key());
      fail(ErrorCode::invalid_argument, "vocab.json has no language '{}'; expected one of: {}", printable(chosen),
           known);
    }
    vocabulary = Json(vocabulary.at(chosen));
  }
  CtcDecoder out;
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_integer())
      fail(ErrorCode::invalid_model, "vocab.json: the id of '{}' is no integer", printable(token));
    out.tokens_.emplace(id.get<int64_t>(), token);
  }
  if (const auto added = config.find("added_tokens_decoder"); added != config.end() && added->is_object()) {
    for (const auto& [id, token] : added->items()) {
      if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos) continue;
      out.tokens_.emplace(std::stoll(id), token_text(token, "content", ""));
    }
  }
  out.blank_ = token_text(config, "pad_token", out.blank_);
  out.unknown_ = token_text(config, "unk_token", out.unknown_);
  out.delimiter_ = token_text(config, "word_delimiter_token", out.delimiter_);
  out.space_ = token_text(config, "replace_word_delimiter_char", out.space_);
  out.lower_case_ = json_bool(config, "do_lower_case", false);
  return out;
}

std::string CtcDecoder::decode(std::span<const int64_t> ids) const {
  std::string text;
  const std::string* last = nullptr;
  for (const int64_t id : ids) {
    const auto found = tokens_.find(id);
    const std::string& token = found == tokens_.end() ? unknown_ : found->second;
    const bool repeated = last != nullptr && *last == token;
    last = &token;
    if (repeated || token == blank_) continue;
    text += token == delimiter_ ? space_ : token;
  }
  text = std::string(strip(text));
  return lower_case_ ? to_lower(text) : text;
}

}  // namespace accelerate
