#include "preprocess/text/sentencepiece.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "preprocess/text/utf8.h"

namespace accelerate {
namespace {

constexpr size_t kMaxPieces = size_t{1} << 22;
constexpr size_t kMaxPieceBytes = 512;

/// Reads the fields of one protobuf message in place. Source: Protocol Buffers encoding, wire types 0, 1, 2, 5.
class MessageReader {
 public:
  MessageReader(std::string_view bytes, size_t base, std::string_view what) : bytes_(bytes), base_(base), what_(what) {}

  /// Moves to the next field; false at the end.
  bool next() {
    if (at_ == bytes_.size()) return false;
    const uint64_t key = read_varint();
    field_ = key >> 3;
    if (field_ == 0) malformed("field number 0");
    switch (key & 7U) {
      case 0:
        wire_ = Wire::varint;
        value_ = read_varint();
        break;
      case 1:
        wire_ = Wire::fixed64;
        take(8);
        break;
      case 2: {
        wire_ = Wire::bytes;
        const uint64_t size = read_varint();
        if (size > bytes_.size() - at_) malformed("a field longer than the message that holds it");
        payload_ = take(static_cast<size_t>(size));
        break;
      }
      case 5: {
        wire_ = Wire::fixed32;
        const std::string_view raw = take(4);
        value_ = 0;
        for (size_t i = 0; i < 4; ++i) value_ |= uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
        break;
      }
      default: malformed("an unknown wire type");
    }
    return true;
  }

  uint64_t field() const { return field_; }
  uint64_t varint() const { return expect(Wire::varint), value_; }
  float float32() const { return expect(Wire::fixed32), std::bit_cast<float>(static_cast<uint32_t>(value_)); }
  std::string_view bytes() const { return expect(Wire::bytes), payload_; }
  MessageReader message() const {
    return {bytes(), base_ + static_cast<size_t>(payload_.data() - bytes_.data()), what_};
  }
  [[noreturn]] void malformed(std::string_view found) const {
    fail(ErrorCode::invalid_model, "{}: {} near byte {}; expected a SentencePiece model", what_, found, base_ + at_);
  }

 private:
  enum class Wire { varint, fixed64, bytes, fixed32 };

  void expect(Wire wire) const {
    if (wire_ != wire) malformed(fmt::format("field {} has an unexpected type", field_));
  }
  std::string_view take(size_t size) {
    if (size > bytes_.size() - at_) malformed("the end of the file inside a field");
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  uint64_t read_varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    malformed("a number of more than 64 bits");
  }

  std::string_view bytes_;
  size_t base_;
  std::string_view what_;
  size_t at_ = 0;
  uint64_t field_ = 0;
  uint64_t value_ = 0;
  std::string_view payload_;
  Wire wire_ = Wire::varint;
};

SentencePieceModel::Piece read_piece(MessageReader reader) {
  SentencePieceModel::Piece piece;
  while (reader.next()) {
    switch (reader.field()) {
      case 1: piece.text = reader.bytes(); break;
      case 2: piece.score = reader.float32(); break;
      case 3: {
        const uint64_t type = reader.varint();
        if (type < 1 || type > 6) reader.malformed(fmt::format("piece type {}", type));
        piece.type = static_cast<SentencePieceModel::PieceType>(type);
        break;
      }
      default: break;
    }
  }
  if (piece.text.size() > kMaxPieceBytes)
    reader.malformed(fmt::format("a piece of more than {} bytes", kMaxPieceBytes));
  if (find_invalid_utf8(piece.text) != std::string_view::npos) reader.malformed("a piece that is not UTF-8");
  if (!std::isfinite(piece.score)) reader.malformed("a score that is not finite");
  return piece;
}

void read_trainer(MessageReader reader, SentencePieceModel& model) {
  while (reader.next()) {
    switch (reader.field()) {
      case 3: {
        const uint64_t algorithm = reader.varint();
        if (algorithm < 1 || algorithm > 4) reader.malformed(fmt::format("model type {}", algorithm));
        model.algorithm = static_cast<SentencePieceModel::Algorithm>(algorithm);
        break;
      }
      case 35: model.byte_fallback = reader.varint() != 0; break;
      case 40: model.unk_id = static_cast<int32_t>(reader.varint()); break;
      case 45:
        model.unk_piece = reader.bytes();
        if (find_invalid_utf8(model.unk_piece) != std::string_view::npos) reader.malformed("text that is not UTF-8");
        break;
      default: break;
    }
  }
}

}  // namespace

SentencePieceModel parse_sentencepiece(std::string_view bytes, std::string_view what) {
  SentencePieceModel model;
  MessageReader reader(bytes, 0, what);
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        if (model.pieces.size() == kMaxPieces) reader.malformed(fmt::format("more than {} pieces", kMaxPieces));
        model.pieces.push_back(read_piece(reader.message()));
        break;
      case 2: read_trainer(reader.message(), model); break;
      case 3: {
        MessageReader normalizer = reader.message();
        while (normalizer.next()) {
          if (normalizer.field() == 2) model.precompiled_charsmap = normalizer.bytes();
        }
        break;
      }
      default: break;
    }
  }
  if (model.pieces.empty()) fail(ErrorCode::invalid_model, "{}: no pieces; expected a SentencePiece model", what);
  return model;
}

}  // namespace accelerate
