#pragma once
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/text/tokenizer_files.h"

namespace accelerate {

/// A tokenizer in the form of tokenizer.json, with what the crate's settings must add.
struct ConvertedTokenizer {
  /// Model, normalizer, pre-tokenizer and decoder.
  std::string json;
  /// "template" or "roberta" of the settings, or empty.
  Json post_processor = Json::object();
  /// Tokens that the vocabulary file itself marks as control or user-defined.
  std::vector<AddedToken> extra_special_tokens;
};

/// Builds the tokenizer of a folder without tokenizer.json from vocab.txt, vocab.json + merges.txt or a
/// SentencePiece model, as the class of transformers 5.23 that the folder names does.
/// Errors: unsupported_model if the class is not built in; not_found naming the missing vocabulary file;
/// invalid_model if that file is malformed.
ConvertedTokenizer convert_tokenizer(const FileSet& files, const TokenizerFiles& config);

}  // namespace accelerate
