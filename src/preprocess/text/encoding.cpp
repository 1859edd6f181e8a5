#include "preprocess/text/encoding.h"

#include <algorithm>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr size_t kBlock = 256;
constexpr size_t kMaxPaddedTokens = size_t{1} << 31;

bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

size_t count_starts(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

template <typename T>
void extend(std::vector<T>& values, size_t count, T value, Side side) {
  values.insert(side == Side::right ? values.end() : values.begin(), count, value);
}

}  // namespace

void pad(std::span<TokenEncoding> encodings, const PaddingOptions& options) {
  size_t length = options.length;
  if (options.to == PaddingOptions::Length::longest) {
    length = 0;
    for (const TokenEncoding& encoding : encodings) length = std::max(length, encoding.size());
  }
  if (length > kMaxPaddedTokens) {
    fail(ErrorCode::invalid_argument, "padding length is {}, expected at most {}", length, kMaxPaddedTokens);
  }
  if (options.multiple_of > 1) {
    if (options.multiple_of > kMaxPaddedTokens) {
      fail(ErrorCode::invalid_argument, "padding to a multiple of {}, expected at most {}", options.multiple_of,
           kMaxPaddedTokens);
    }
    length = (length + options.multiple_of - 1) / options.multiple_of * options.multiple_of;
  }
  if (!encodings.empty() && length > kMaxPaddedTokens / encodings.size()) {
    fail(ErrorCode::invalid_argument,
         "padding {} encodings to {} tokens each gives more than {} tokens; use smaller batches or a max_length",
         encodings.size(), length, kMaxPaddedTokens);
  }
  for (TokenEncoding& encoding : encodings) {
    if (encoding.size() >= length) continue;
    const size_t count = length - encoding.size();
    extend(encoding.ids, count, options.pad_id, options.side);
    extend(encoding.attention_mask, count, int64_t{0}, options.side);
    extend(encoding.token_type_ids, count, options.pad_type_id, options.side);
    extend(encoding.special_tokens_mask, count, int64_t{1}, options.side);
    extend(encoding.offsets, count, TextSpan{}, options.side);
    extend(encoding.word_ids, count, int32_t{-1}, options.side);
    extend(encoding.sequence_ids, count, int32_t{-1}, options.side);
  }
}

CodePointIndex::CodePointIndex(std::string_view utf8) : text_(utf8) {
  before_.reserve(utf8.size() / kBlock + 1);
  size_t count = 0;
  for (size_t begin = 0; begin <= utf8.size(); begin += kBlock) {
    before_.push_back(count);
    count += count_starts(utf8.substr(begin, kBlock));
  }
}

size_t CodePointIndex::position(size_t byte) const {
  byte = std::min(byte, text_.size());
  const size_t block = byte / kBlock;
  size_t count = before_[block] + count_starts(text_.substr(block * kBlock, byte % kBlock));
  if (byte < text_.size() && !starts_code_point(text_[byte])) --count;
  return count;
}

}  // namespace accelerate
