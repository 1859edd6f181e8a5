#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

/// Parts of a tokenizer.json, written as the tokenizers library names them.
namespace accelerate::pipeline {

inline constexpr std::string_view kWordBoundary = "\u2581";

Json normalizer_sequence(std::vector<Json> normalizers);
Json pre_tokenizer_sequence(std::vector<Json> pre_tokenizers);
Json decoder_sequence(std::vector<Json> decoders);
Json replace_string(std::string_view from, std::string_view to);
Json replace_regex(std::string_view pattern, std::string_view to);
/// charsmap: the table of a SentencePiece model.
Json precompiled(std::string_view charsmap);
Json byte_level(bool add_prefix_space);
/// scheme: "always", "first" or "never".
Json metaspace(std::string_view scheme, bool split = true);
/// Word boundaries to spaces, byte tokens to characters.
std::vector<Json> byte_fallback_decoders();

/// `text` as a JSON string, quotes included; `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// A whole tokenizer.json; `model` is the text of its model.
std::string document(const Json& normalizer, const Json& pre_tokenizer, const Json& decoder, std::string_view model);

}  // namespace accelerate::pipeline
