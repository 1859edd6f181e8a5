#pragma once
#include <string>
#include <string_view>

#include "base/file.h"
#include "preprocess/text/sentencepiece.h"

namespace accelerate {

// Each appends JSON to `out`. Errors: not_found if the file is missing, invalid_model if it is malformed.

/// One token a line, its id the number of the line: {"token": id, ...}.
void append_word_list_vocab(std::string& out, const FileSet& files, std::string_view name);

/// A JSON object of token to id, checked and copied.
void append_json_vocab(std::string& out, const FileSet& files, std::string_view name);

/// "left right" a line, "#version" lines skipped: [["left", "right"], ...].
void append_merges(std::string& out, const FileSet& files, std::string_view name);

/// `,"vocab":{...},"merges":[...]` of a SentencePiece byte-pair model: the file has no merges; every split of a
/// piece into two pieces is one, ranked by the id of the piece, then by the lengths of its parts.
void append_vocab_and_merges(std::string& out, const SentencePieceModel& model);

}  // namespace accelerate
