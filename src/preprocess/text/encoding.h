#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace accelerate {

/// Half-open range of bytes (or code points) of a text.
struct TextSpan {
  size_t begin = 0;
  size_t end = 0;
  bool operator==(const TextSpan&) const = default;
};

/// The tokens of one text or pair of texts. All vectors have the same length T.
struct TokenEncoding {
  std::vector<int64_t> ids;
  std::vector<int64_t> attention_mask;
  std::vector<int64_t> token_type_ids;
  std::vector<int64_t> special_tokens_mask;
  /// Bytes of the UTF-8 text that sequence_ids names; {0, 0} for special tokens and padding.
  std::vector<TextSpan> offsets;
  /// Number of the pre-tokenised word within its text; -1 for special tokens and padding.
  std::vector<int32_t> word_ids;
  /// 0 first text, 1 second text, -1 special tokens and padding.
  std::vector<int32_t> sequence_ids;
  /// Which input of the batch this window was cut from.
  size_t sample = 0;

  size_t size() const { return ids.size(); }
};

enum class Side { left, right };

struct PaddingOptions {
  enum class Length {
    longest,  ///< of the batch
    fixed,    ///< `length`; longer encodings stay as they are
  };
  Length to = Length::longest;
  size_t length = 0;
  /// The length is rounded up to a multiple of this; 0 and 1 do nothing.
  size_t multiple_of = 0;
  Side side = Side::right;
  int64_t pad_id = 0;
  int64_t pad_type_id = 0;
};

/// Appends (or prepends) padding so that all encodings reach the asked length.
/// Errors: invalid_argument if the padded batch would hold more than 2^31 tokens.
void pad(std::span<TokenEncoding> encodings, const PaddingOptions& options);

/// Code-point positions of byte positions in one text, for results that count characters as Python does.
/// A byte inside a character counts as that character.
class CodePointIndex {
 public:
  explicit CodePointIndex(std::string_view utf8);
  size_t position(size_t byte) const;
  TextSpan operator()(TextSpan bytes) const { return {position(bytes.begin), position(bytes.end)}; }

 private:
  std::string_view text_;
  /// Code points before each block of kBlock bytes.
  std::vector<size_t> before_;
};

}  // namespace accelerate
