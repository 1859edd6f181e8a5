#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"

namespace accelerate {

/// Turns the best token of each frame of a connectionist temporal classification into text, as the decode of
/// transformers' Wav2Vec2CTCTokenizer does: runs of one token become one, blanks (the pad token) go, the word delimiter
/// becomes a space, blanks at both ends go. Immutable.
/// Source: Graves et al. 2006, "Connectionist temporal classification", section 3.2 (best path decoding).
class CtcDecoder {
 public:
  /// Reads vocab.json (flat, or one vocabulary a language) and tokenizer_config.json. `language`: of a nested
  /// vocabulary; empty: the configuration's target_lang. Errors: not_found without vocab.json; invalid_model if it is
  /// no vocabulary; invalid_argument for a language that it lacks, with those that it has.
  static CtcDecoder from_files(const FileSet& files, std::string_view language = {});

  /// ids [T]: the best token of each frame.
  std::string decode(std::span<const int64_t> ids) const;
  size_t vocab_size() const { return tokens_.size(); }

 private:
  std::unordered_map<int64_t, std::string> tokens_;
  std::string blank_ = "<pad>";
  std::string unknown_ = "<unk>";
  std::string delimiter_ = "|";
  std::string space_ = " ";
  bool lower_case_ = false;
};

}  // namespace accelerate
