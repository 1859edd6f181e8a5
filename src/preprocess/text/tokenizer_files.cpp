#include "preprocess/text/tokenizer_files.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr size_t kMaxConfigBytes = size_t{64} << 20;
constexpr std::string_view kConfigFile = "tokenizer_config.json";
constexpr std::string_view kSpecialFile = "special_tokens_map.json";
constexpr std::string_view kAddedFile = "added_tokens.json";

Json read_object(const FileSet& files, std::string_view name) {
  if (!files.contains(name)) return Json::object();
  Json object = parse_json(files.read(name, kMaxConfigBytes), name);
  if (!object.is_object()) {
    fail(ErrorCode::invalid_model, "{} holds a JSON {}, expected an object", name, object.type_name());
  }
  return object;
}

[[noreturn]] void wrong_type(std::string_view file, std::string_view key, std::string_view expected,
                             const Json& found) {
  fail(ErrorCode::invalid_model, "{}: \"{}\" is {}, expected {}", file, key, found.type_name(), expected);
}

/// A token written as its content or as an object of its properties.
AddedToken read_token(const Json& value, std::string_view file, std::string_view key, bool always_special) {
  AddedToken token;
  if (value.is_string()) {
    token.content = value.get<std::string>();
  } else if (value.is_object()) {
    token.content = json_string(value, "content", std::nullopt);
    token.special = always_special || json_bool(value, "special", false);
    token.single_word = json_bool(value, "single_word", false);
    token.lstrip = json_bool(value, "lstrip", false);
    token.rstrip = json_bool(value, "rstrip", false);
    token.normalized = json_bool(value, "normalized", !token.special);
  } else {
    wrong_type(file, key, "a string or an object with \"content\"", value);
  }
  return token;
}

void read_special_tokens(const Json& object, std::string_view file, bool always_special, TokenizerFiles& out) {
  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    const std::string_view key = config_key_of(static_cast<SpecialToken>(i));
    const auto found = object.find(key);
    if (found == object.end()) continue;
    out.special_tokens[i].reset();
    out.is_class_default[i] = false;
    if (!found->is_null()) {
      out.special_tokens[i] = read_token(*found, file, key, always_special);
      out.special_tokens[i]->special = true;
    }
  }
  for (const std::string_view key :
       {std::string_view("additional_special_tokens"), std::string_view("extra_special_tokens")}) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) continue;
    if (!found->is_array() && !found->is_object()) wrong_type(file, key, "an array of tokens", *found);
    out.extra_special_tokens.clear();
    for (const Json& token : *found) out.extra_special_tokens.push_back(read_token(token, file, key, true));
  }
}

int64_t read_id(std::string_view text, std::string_view file) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0 || id > INT32_MAX) {
    fail(ErrorCode::invalid_model, "{}: token id \"{}\" is not a number from 0 to {}", file, printable(text),
         INT32_MAX);
  }
  return id;
}

void take_class_defaults(TokenizerFiles& out) {
  if (out.tokenizer_class == nullptr) return;
  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    const std::string_view content = out.tokenizer_class->special_tokens[i];
    if (content.empty()) continue;
    AddedToken token{.content = std::string(content)};
    token.lstrip = static_cast<SpecialToken>(i) == SpecialToken::mask && out.tokenizer_class->mask_strips_left;
    out.special_tokens[i] = token;
    out.is_class_default[i] = true;
  }
}

/// A template of tokenizer_config.json: one string, or a list of named ones of which "default" counts.
std::optional<std::string> read_chat_template(const FileSet& files, const Json& config) {
  if (auto text = files.read_if_present("chat_template.jinja")) return text;
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) wrong_type(kConfigFile, "chat_template", "a string or an array", *found);
  for (const Json& entry : *found) {
    if (entry.is_object() && json_string(entry, "name", "") == "default") {
      return json_string(entry, "template", std::nullopt);
    }
  }
  return std::nullopt;
}

}  // namespace

Json to_json(const AddedToken& token) {
  return {{"content", token.content}, {"single_word", token.single_word}, {"lstrip", token.lstrip},
          {"rstrip", token.rstrip},   {"normalized", token.normalized},   {"special", token.special}};
}

TokenizerFiles read_tokenizer_files(const FileSet& files) {
  TokenizerFiles out;
  out.config = read_object(files, kConfigFile);
  const Json model_config = read_object(files, "config.json");
  out.model_type = json_string(model_config, "model_type", "");
  out.class_name = json_string(out.config, "tokenizer_class", "");
  out.config_names_class = !out.class_name.empty();
  if (out.class_name.empty()) out.class_name = json_string(model_config, "tokenizer_class", "");
  out.tokenizer_class =
      out.class_name.empty() ? tokenizer_class_of_model(out.model_type) : find_tokenizer_class(out.class_name);
  const bool generic = out.class_name.starts_with("PreTrainedTokenizer") || out.class_name == "TokenizersBackend";
  if (generic && !files.contains("tokenizer.json")) out.tokenizer_class = tokenizer_class_of_model(out.model_type);
  out.chat_template = read_chat_template(files, out.config);

  take_class_defaults(out);
  read_special_tokens(out.config, kConfigFile, false, out);
  std::map<int64_t, AddedToken> added;
  const auto decoder = out.config.find("added_tokens_decoder");
  if (decoder != out.config.end() && !decoder->is_null()) {
    if (!decoder->is_object()) wrong_type(kConfigFile, "added_tokens_decoder", "an object", *decoder);
    for (const auto& [id, token] : decoder->items()) {
      added[read_id(id, kConfigFile)] = read_token(token, kConfigFile, "added_tokens_decoder", false);
    }
  } else {
    read_special_tokens(read_object(files, kSpecialFile), kSpecialFile, true, out);
    const Json legacy = read_object(files, kAddedFile);
    for (const auto& [content, id] : legacy.items()) {
      const auto named = [&](const auto& token) { return token && token->content == content; };
      const auto extra = [&](const AddedToken& token) { return token.content == content; };
      AddedToken token{.content = content};
      token.special =
          std::ranges::any_of(out.special_tokens, named) || std::ranges::any_of(out.extra_special_tokens, extra);
      token.normalized = !token.special;
      added[json_int(legacy, content, std::nullopt, 0, INT32_MAX)] = token;
    }
  }
  for (const auto& [id, token] : added) {
    for (auto& named : out.special_tokens) {
      if (!named || named->content != token.content) continue;
      named = token;
      named->special = true;
    }
    out.added_tokens.push_back(token);
  }
  return out;
}

}  // namespace accelerate
