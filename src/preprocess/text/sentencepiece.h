#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace accelerate {

/// What a SentencePiece *.model file holds, as far as tokenizing needs it.
/// Source: sentencepiece_model.proto of google/sentencepiece.
struct SentencePieceModel {
  enum class PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  struct Piece {
    std::string text;
    float score = 0.0F;
    PieceType type = PieceType::normal;
  };
  enum class Algorithm { unigram = 1, bpe = 2, word = 3, character = 4 };

  std::vector<Piece> pieces;
  Algorithm algorithm = Algorithm::unigram;
  bool byte_fallback = false;
  int32_t unk_id = 0;
  std::string unk_piece = "<unk>";
  /// Empty: no normalisation table.
  std::string precompiled_charsmap;
};

/// Errors: invalid_model with the byte position if `bytes` is not a well-formed model, if it has no pieces,
/// more than 2^22 pieces, a piece that is not UTF-8 or longer than 512 bytes, or a score that is not finite; `what`
/// names the file.
SentencePieceModel parse_sentencepiece(std::string_view bytes, std::string_view what);

}  // namespace accelerate
