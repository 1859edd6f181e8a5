#include "preprocess/text/pipeline_json.h"

#include <fmt/core.h>

#include <cstdint>

namespace accelerate::pipeline {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

}  // namespace

Json normalizer_sequence(std::vector<Json> normalizers) {
  return {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}};
}

Json pre_tokenizer_sequence(std::vector<Json> pre_tokenizers) {
  return {{"type", "Sequence"}, {"pretokenizers", std::move(pre_tokenizers)}};
}

Json decoder_sequence(std::vector<Json> decoders) {
  return {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
}

Json replace_string(std::string_view from, std::string_view to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json replace_regex(std::string_view pattern, std::string_view to) {
  return {{"type", "Replace"}, {"pattern", {{"Regex", pattern}}}, {"content", to}};
}

Json precompiled(std::string_view charsmap) {
  return {{"type", "Precompiled"}, {"precompiled_charsmap", base64(charsmap)}};
}

Json byte_level(bool add_prefix_space) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", add_prefix_space}, {"trim_offsets", true}, {"use_regex", true}};
}

Json metaspace(std::string_view scheme, bool split) {
  return {{"type", "Metaspace"}, {"replacement", kWordBoundary}, {"prepend_scheme", scheme}, {"split", split}};
}

std::vector<Json> byte_fallback_decoders() {
  return {replace_string(kWordBoundary, " "), Json{{"type", "ByteFallback"}}, Json{{"type", "Fuse"}}};
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string document(const Json& normalizer, const Json& pre_tokenizer, const Json& decoder, std::string_view model) {
  std::string out = R"({"version":"1.0","normalizer":)";
  out += normalizer.dump();
  out += R"(,"pre_tokenizer":)";
  out += pre_tokenizer.dump();
  out += R"(,"decoder":)";
  out += decoder.dump();
  out += R"(,"model":)";
  out += model;
  out += '}';
  return out;
}

}  // namespace accelerate::pipeline
