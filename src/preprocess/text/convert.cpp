#include "preprocess/text/convert.h"

#include <algorithm>

#include "base/error.h"
#include "preprocess/text/pipeline_json.h"
#include "preprocess/text/sentencepiece.h"
#include "preprocess/text/utf8.h"
#include "preprocess/text/vocab_files.h"

namespace accelerate {
namespace {

using pipeline::append_json_string;

constexpr size_t kMaxSentencePieceBytes = size_t{64} << 20;

std::string special_or(const TokenizerFiles& config, SpecialToken token, std::string_view fallback) {
  const auto& found = config.special(token);
  return found ? found->content : std::string(fallback);
}

std::string required_special(const TokenizerFiles& config, SpecialToken token) {
  const auto& found = config.special(token);
  if (!found) {
    fail(ErrorCode::invalid_model, "tokenizer_config.json sets \"{}\" to null, but {} cannot work without it",
         config_key_of(token), config.tokenizer_class->name);
  }
  return found->content;
}

Json template_of(std::vector<std::string> single, std::vector<std::string> pair, std::vector<std::string> tokens) {
  return {{"template", {{"single", std::move(single)}, {"pair", std::move(pair)}, {"tokens", std::move(tokens)}}}};
}

/// [CLS] A [SEP], and for a pair [CLS] A [SEP] B [SEP] where B has type 1.
Json bert_template(const std::string& cls, const std::string& sep) {
  return template_of({cls + ":0", "$A:0", sep + ":0"}, {cls + ":0", "$A:0", sep + ":0", "$B:1", sep + ":1"},
                     {cls, sep});
}

/// <s> A </s>, and for a pair <s> A </s> </s> B </s>, all of type 0.
Json double_separator_template(const std::string& bos, const std::string& eos) {
  return template_of({bos, "$A", eos}, {bos, "$A", eos, eos, "$B", eos}, {bos, eos});
}

Json roberta_processor(std::string sep, std::string cls, bool trim_offsets, bool add_prefix_space) {
  return {{"roberta",
           {{"sep", std::move(sep)},
            {"cls", std::move(cls)},
            {"trim_offsets", trim_offsets},
            {"add_prefix_space", add_prefix_space}}}};
}

Json null_or_bool(const Json& config, std::string_view key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return nullptr;
  return json_bool(config, key, std::nullopt);
}

ConvertedTokenizer convert_word_piece(const FileSet& files, const TokenizerFiles& config) {
  std::string model =
      R"({"type":"WordPiece","continuing_subword_prefix":"##","max_input_chars_per_word":100,"unk_token":)";
  append_json_string(model, required_special(config, SpecialToken::unk));
  model += R"(,"vocab":)";
  append_word_list_vocab(model, files, "vocab.txt");
  model += '}';
  const Json normalizer = {{"type", "BertNormalizer"},
                           {"clean_text", true},
                           {"handle_chinese_chars", json_bool(config.config, "tokenize_chinese_chars", true)},
                           {"strip_accents", null_or_bool(config.config, "strip_accents")},
                           {"lowercase", json_bool(config.config, "do_lower_case", true)}};
  const Json decoder = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  ConvertedTokenizer out;
  out.json = pipeline::document(normalizer, {{"type", "BertPreTokenizer"}}, decoder, model);
  const std::string cls = required_special(config, SpecialToken::cls);
  const std::string sep = required_special(config, SpecialToken::sep);
  out.post_processor = config.tokenizer_class->kind == TokenizerKind::mpnet ? roberta_processor(sep, cls, true, false)
                                                                            : bert_template(cls, sep);
  return out;
}

ConvertedTokenizer convert_byte_level(const FileSet& files, const TokenizerFiles& config) {
  const TokenizerKind kind = config.tokenizer_class->kind;
  const bool clip = kind == TokenizerKind::clip;
  const bool add_prefix_space = json_bool(config.config, "add_prefix_space", false);
  std::string model = R"({"type":"BPE","dropout":null,"continuing_subword_prefix":"","fuse_unk":false,)";
  model += clip ? R"("end_of_word_suffix":"</w>","unk_token":)" : R"("end_of_word_suffix":"","unk_token":null)";
  if (clip) append_json_string(model, required_special(config, SpecialToken::unk));
  model += R"(,"vocab":)";
  append_json_vocab(model, files, "vocab.json");
  model += R"(,"merges":)";
  append_merges(model, files, "merges.txt");
  model += '}';

  Json normalizer;
  Json pre_tokenizer = pipeline::byte_level(add_prefix_space);
  if (clip) {
    normalizer = pipeline::normalizer_sequence(
        {{{"type", "NFC"}}, pipeline::replace_regex(R"(\s+)", " "), {{"type", "Lowercase"}}});
    const Json words = {
        {"type", "Split"},
        {"pattern",
         {{"Regex", R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)"}}},
        {"behavior", "Removed"},
        {"invert", true}};
    pre_tokenizer = pipeline::pre_tokenizer_sequence({words, pipeline::byte_level(false)});
  }
  ConvertedTokenizer out;
  out.json = pipeline::document(normalizer, pre_tokenizer, pipeline::byte_level(true), model);
  switch (kind) {
    case TokenizerKind::clip:
      out.post_processor = roberta_processor(required_special(config, SpecialToken::eos),
                                             required_special(config, SpecialToken::bos), false, false);
      break;
    case TokenizerKind::roberta:
      out.post_processor =
          roberta_processor(required_special(config, SpecialToken::sep), required_special(config, SpecialToken::cls),
                            json_bool(config.config, "trim_offsets", true), add_prefix_space);
      break;
    case TokenizerKind::deberta:
      out.post_processor = double_separator_template(required_special(config, SpecialToken::cls),
                                                     required_special(config, SpecialToken::sep));
      break;
    default: out.post_processor = template_of({"$A:0"}, {"$A:0", "$B:1"}, {}); break;
  }
  return out;
}

using Vocab = std::vector<std::pair<std::string, double>>;

/// The vocabulary of a class, where it differs from the pieces of the file.
Vocab class_vocab(const SentencePieceModel& model, const TokenizerFiles& config, std::string_view what) {
  const TokenizerKind kind = config.tokenizer_class->kind;
  Vocab vocab;
  size_t skipped = 0;
  if (kind == TokenizerKind::xlm_roberta) {
    // fairseq numbers <s> <pad> </s> <unk> first; the file has <unk> <s> </s>.
    skipped = 3;
    for (const auto& [token, fallback] : {std::pair{SpecialToken::bos, "<s>"},
                                          {SpecialToken::pad, "<pad>"},
                                          {SpecialToken::eos, "</s>"},
                                          {SpecialToken::unk, "<unk>"}}) {
      vocab.emplace_back(special_or(config, token, fallback), 0.0);
    }
  } else if (kind == TokenizerKind::camembert) {
    skipped = 1;
    vocab = {{"<s>NOTUSED", 0.0},
             {special_or(config, SpecialToken::pad, "<pad>"), 0.0},
             {"</s>NOTUSED", 0.0},
             {special_or(config, SpecialToken::unk, "<unk>"), 0.0},
             {"<unk>NOTUSED", -100.0}};
  }
  if (model.pieces.size() < skipped) {
    fail(ErrorCode::invalid_model, "{} has {} pieces, but {} expects at least {}", what, model.pieces.size(),
         config.tokenizer_class->name, skipped);
  }
  for (size_t i = skipped; i < model.pieces.size(); ++i) {
    vocab.emplace_back(model.pieces[i].text, double{model.pieces[i].score});
  }
  if (skipped > 0) vocab.emplace_back(special_or(config, SpecialToken::mask, "<mask>"), 0.0);
  if (kind == TokenizerKind::t5) {
    for (int64_t i = json_int(config.config, "extra_ids", 100, 0, 1 << 20); i > 0; --i) {
      vocab.emplace_back(fmt::format("<extra_id_{}>", i - 1), 0.0);
    }
  }
  return vocab;
}

int64_t class_unk_id(const SentencePieceModel& model, const TokenizerFiles& config, const Vocab& vocab) {
  const auto index_of = [&](const auto& matches, int64_t fallback) {
    const auto found = std::ranges::find_if(vocab, matches);
    return found == vocab.end() ? fallback : static_cast<int64_t>(found - vocab.begin());
  };
  const std::string unk = special_or(config, SpecialToken::unk, "<unk>");
  switch (config.tokenizer_class->kind) {
    case TokenizerKind::xlm_roberta: return 3;
    case TokenizerKind::camembert: return index_of([&](const auto& entry) { return entry.first == unk; }, 0);
    case TokenizerKind::albert: return 1;
    case TokenizerKind::t5: return 2;
    default:
      return index_of([&](const auto& entry) { return entry.first == unk && entry.second == 0.0; },
                      json_int(config.config, "unk_id", model.unk_id, 0, INT32_MAX));
  }
}

std::string unigram_model(const SentencePieceModel& model, const TokenizerFiles& config, std::string_view what) {
  const Vocab vocab = class_vocab(model, config, what);
  const int64_t unk_id = class_unk_id(model, config, vocab);
  if (unk_id < 0 || unk_id >= static_cast<int64_t>(vocab.size())) {
    fail(ErrorCode::invalid_model, "{}: the unknown token has id {}, but the vocabulary has {} tokens", what, unk_id,
         vocab.size());
  }
  std::string text = fmt::format(R"({{"type":"Unigram","unk_id":{},"byte_fallback":false,"vocab":[)", unk_id);
  for (const auto& [token, score] : vocab) {
    if (text.back() != '[') text += ',';
    text += '[';
    append_json_string(text, token);
    text += fmt::format(",{:.17g}]", score);
  }
  text += "]}";
  return text;
}

/// Normalizer, pre-tokenizer and decoder of the classes with a Unigram model.
std::string unigram_document(const SentencePieceModel& model, const TokenizerFiles& config, std::string_view text) {
  const TokenizerKind kind = config.tokenizer_class->kind;
  const bool add_prefix_space = kind == TokenizerKind::t5 ? true : json_bool(config.config, "add_prefix_space", true);
  const auto precompiled = [&] { return pipeline::precompiled(model.precompiled_charsmap); };
  Json normalizer;
  if (kind == TokenizerKind::albert) {
    std::vector<Json> steps = {pipeline::replace_string("``", "\""), pipeline::replace_string("''", "\"")};
    if (!json_bool(config.config, "keep_accents", false)) {
      steps.push_back({{"type", "NFKD"}});
      steps.push_back({{"type", "StripAccents"}});
    }
    if (json_bool(config.config, "do_lower_case", true)) steps.push_back({{"type", "Lowercase"}});
    if (!model.precompiled_charsmap.empty()) steps.push_back(precompiled());
    normalizer = pipeline::normalizer_sequence(std::move(steps));
  } else if (kind == TokenizerKind::deberta_v2) {
    std::vector<Json> steps;
    if (json_bool(config.config, "do_lower_case", false)) steps.push_back({{"type", "Lowercase"}});
    steps.push_back(pipeline::replace_regex(R"(\s{2,}|[\n\r\t])", " "));
    steps.push_back({{"type", "NFC"}});
    steps.push_back({{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}});
    normalizer = pipeline::normalizer_sequence(std::move(steps));
  } else if (!model.precompiled_charsmap.empty()) {
    normalizer = precompiled();
  }
  std::string_view scheme = add_prefix_space ? "always" : "never";
  std::vector<Json> splits = {{{"type", "WhitespaceSplit"}}};
  if (kind == TokenizerKind::deberta_v2) {
    splits.clear();
    if (json_bool(config.config, "split_by_punct", false)) {
      splits.push_back({{"type", "Punctuation"}, {"behavior", "Isolated"}});
    }
    if (!add_prefix_space) scheme = "first";
  }
  splits.push_back(pipeline::metaspace(scheme));
  return pipeline::document(normalizer, pipeline::pre_tokenizer_sequence(std::move(splits)),
                            pipeline::metaspace(scheme), text);
}

Json unigram_post_processor(const TokenizerFiles& config) {
  switch (config.tokenizer_class->kind) {
    case TokenizerKind::t5: {
      const std::string eos = required_special(config, SpecialToken::eos);
      return template_of({"$A", eos}, {"$A", eos, "$B", eos}, {eos});
    }
    case TokenizerKind::xlm_roberta:
    case TokenizerKind::camembert:
      return double_separator_template(required_special(config, SpecialToken::bos),
                                       required_special(config, SpecialToken::eos));
    default:
      return bert_template(required_special(config, SpecialToken::cls), required_special(config, SpecialToken::sep));
  }
}

/// Llama and Gemma: byte-pair encoding over whole texts, unknown characters as bytes.
std::string bpe_document(const SentencePieceModel& model, const TokenizerFiles& config) {
  const bool gemma = config.tokenizer_class->kind == TokenizerKind::gemma;
  std::string text = R"({"type":"BPE","dropout":null,"fuse_unk":true,"byte_fallback":true,"unk_token":)";
  if (gemma) {
    append_json_string(text, required_special(config, SpecialToken::unk));
  } else {
    text += "null";
  }
  append_vocab_and_merges(text, model);
  text += '}';
  std::vector<Json> decoders = pipeline::byte_fallback_decoders();
  if (gemma) {
    const Json split = {
        {"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}, {"invert", false}};
    return pipeline::document(pipeline::replace_string(" ", pipeline::kWordBoundary), split,
                              pipeline::decoder_sequence(std::move(decoders)), text);
  }
  const bool add_prefix_space = json_bool(config.config, "add_prefix_space", true);
  const bool legacy = json_bool(config.config, "legacy", false);
  if (add_prefix_space) decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  const std::string_view scheme = !add_prefix_space ? "never" : legacy ? "always" : "first";
  return pipeline::document(nullptr, pipeline::metaspace(scheme, false),
                            pipeline::decoder_sequence(std::move(decoders)), text);
}

ConvertedTokenizer convert_sentencepiece(const FileSet& files, const TokenizerFiles& config) {
  constexpr std::string_view kNames[] = {"sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.model"};
  const auto* const name = std::ranges::find_if(kNames, [&](std::string_view n) { return files.contains(n); });
  if (name == std::end(kNames)) {
    fail(ErrorCode::not_found,
         "{} needs tokenizer.json or a SentencePiece model (sentencepiece.bpe.model, spiece.model, spm.model or "
         "tokenizer.model); {} has none of them",
         config.tokenizer_class->name, files.description());
  }
  const SentencePieceModel model = parse_sentencepiece(files.read(*name, kMaxSentencePieceBytes), *name);
  const TokenizerKind kind = config.tokenizer_class->kind;
  const bool bpe = kind == TokenizerKind::llama || kind == TokenizerKind::gemma;
  const auto expected = bpe ? SentencePieceModel::Algorithm::bpe : SentencePieceModel::Algorithm::unigram;
  if (model.algorithm != expected) {
    fail(ErrorCode::unsupported_model, "{} is a SentencePiece model of type {}, but {} expects type {} ({})", *name,
         static_cast<int>(model.algorithm), config.tokenizer_class->name, static_cast<int>(expected),
         bpe ? "byte-pair encoding" : "unigram");
  }
  ConvertedTokenizer out;
  if (bpe) {
    out.json = bpe_document(model, config);
    out.post_processor = template_of({"$A:0"}, {"$A:0", "$B:1"}, {});
  } else {
    out.json = unigram_document(model, config, unigram_model(model, config, *name));
    out.post_processor = unigram_post_processor(config);
  }
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    const bool control = piece.type == SentencePieceModel::PieceType::control;
    if (!control && piece.type != SentencePieceModel::PieceType::user_defined) continue;
    out.extra_special_tokens.push_back({.content = piece.text, .special = control});
  }
  const auto is_sentinel = [](const AddedToken& t) { return t.content.find("<extra_id_") != std::string::npos; };
  if (kind == TokenizerKind::t5 && std::ranges::none_of(out.extra_special_tokens, is_sentinel)) {
    const int64_t count = json_int(config.config, "extra_ids", 100, 0, 1 << 20);
    for (int64_t i = 0; i < count; ++i) {
      out.extra_special_tokens.push_back({.content = fmt::format("<extra_id_{}>", i)});
    }
  }
  return out;
}

}  // namespace

ConvertedTokenizer convert_tokenizer(const FileSet& files, const TokenizerFiles& config) {
  if (config.tokenizer_class == nullptr) {
    const std::string named = config.class_name.empty()
                                  ? fmt::format("model type \"{}\"", printable(config.model_type))
                                  : fmt::format("tokenizer class \"{}\"", printable(config.class_name));
    fail(ErrorCode::unsupported_model,
         "{} has no tokenizer.json, and its {} is not one that is built from vocabulary files ({}); save the "
         "tokenizer once with transformers' save_pretrained, which writes tokenizer.json",
         files.description(), named, known_tokenizer_classes());
  }
  switch (config.tokenizer_class->kind) {
    case TokenizerKind::bert:
    case TokenizerKind::mpnet: return convert_word_piece(files, config);
    case TokenizerKind::roberta:
    case TokenizerKind::gpt2:
    case TokenizerKind::clip:
    case TokenizerKind::deberta: return convert_byte_level(files, config);
    default: return convert_sentencepiece(files, config);
  }
}

}  // namespace accelerate
