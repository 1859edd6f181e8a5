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
constexpr std::string_view kExtraKey = "extra_special_tokens";
constexpr std::string_view kAdditionalKey = "additional_special_tokens";

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
}

std::vector<AddedToken> read_token_list(const Json& list, std::string_view file, std::string_view key) {
  if (!list.is_array() && !list.is_object()) wrong_type(file, key, "an array of tokens", list);
  std::vector<AddedToken> tokens;
  for (const Json& token : list) tokens.push_back(read_token(token, file, key, true));
  return tokens;
}

const Json* find_value(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

bool is_special_key(std::string_view key) {
  for (size_t i = 0; i < kNumSpecialTokens; ++i) {
    if (config_key_of(static_cast<SpecialToken>(i)) == key) return true;
  }
  return false;
}

void read_config_extras(TokenizerFiles& out) {
  for (const auto& [key, value] : out.config.items()) {
    const bool token = value.is_string() || (value.is_object() && value.contains("content"));
    if (token && std::string_view(key).ends_with("_token") && !is_special_key(key)) {
      out.model_specific_tokens.push_back(read_token(value, kConfigFile, key, true));
    }
  }
  for (const std::string_view key : {kExtraKey, kAdditionalKey}) {
    const Json* list = find_value(out.config, key);
    if (list == nullptr || list->empty() || out.config_names_extras) continue;
    std::vector<AddedToken> tokens = read_token_list(*list, kConfigFile, key);
    if (list->is_object()) {
      std::ranges::move(tokens, std::back_inserter(out.model_specific_tokens));
    } else {
      out.extra_special_tokens = std::move(tokens);
      out.config_names_extras = true;
    }
  }
}

void read_legacy_extras(const Json& special_tokens_map, TokenizerFiles& out) {
  if (const Json* list = find_value(special_tokens_map, kExtraKey)) {
    for (AddedToken& token : read_token_list(*list, kSpecialFile, kExtraKey)) {
      const auto same = [&](const AddedToken& other) { return other.content == token.content; };
      if (std::ranges::none_of(out.extra_special_tokens, same)) out.extra_special_tokens.push_back(std::move(token));
    }
    out.config_names_extras = true;
  } else if (const Json* additional = find_value(special_tokens_map, kAdditionalKey)) {
    auto tokens = read_token_list(*additional, kSpecialFile, kAdditionalKey);
    if (!out.config_names_extras) out.extra_special_tokens = std::move(tokens);
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

/// added_tokens.json: a token is special if a file names it so.
void read_legacy_added_tokens(const FileSet& files, const TokenizerFiles& config,
                              std::map<int64_t, AddedToken>& added) {
  const Json ids = read_object(files, kAddedFile);
  for (const auto& [content, id] : ids.items()) {
    bool special = false;
    for (const AddedToken& extra : config.extra_special_tokens) special = special || extra.content == content;
    for (size_t i = 0; i < kNumSpecialTokens; ++i) {
      const auto& named = config.special_tokens[i];
      special = special || (named && !config.is_class_default[i] && named->content == content);
    }
    added[json_int(ids, content, std::nullopt, 0, INT32_MAX)] = {
        .content = content, .normalized = !special, .special = special};
  }
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
  read_config_extras(out);
  std::map<int64_t, AddedToken> added;
  if (const Json* decoder = find_value(out.config, "added_tokens_decoder")) {
    if (!decoder->is_object()) wrong_type(kConfigFile, "added_tokens_decoder", "an object", *decoder);
    for (const auto& [id, token] : decoder->items()) {
      added[read_id(id, kConfigFile)] = read_token(token, kConfigFile, "added_tokens_decoder", false);
    }
  } else {
    const Json special_tokens_map = read_object(files, kSpecialFile);
    read_special_tokens(special_tokens_map, kSpecialFile, true, out);
    read_legacy_extras(special_tokens_map, out);
    read_legacy_added_tokens(files, out, added);
  }
  for (auto& [id, token] : added) {
    for (auto& named : out.special_tokens) {
      if (!named || named->content != token.content) continue;
      token.special = true;
      named = token;
    }
    out.added_tokens.push_back(token);
  }
  return out;
}

}  // namespace accelerate
