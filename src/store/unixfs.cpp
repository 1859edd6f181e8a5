#include "store/unixfs.h"

#include "base/error.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

constexpr std::string_view kWhat = "the UnixFS data of a block";

enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_integer(std::string& out, unsigned field, uint64_t value) {
  append_varint(out, uint64_t{field} << 3U | kVarint);
  append_varint(out, value);
}

void append_bytes(std::string& out, unsigned field, std::string_view bytes) {
  append_varint(out, uint64_t{field} << 3U | kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

/// One field of a message: its number and its value.
struct Field {
  uint64_t number = 0;
  unsigned wire = 0;
  uint64_t integer = 0;
  std::string_view bytes;

  uint64_t as_integer() const {
    if (wire != kVarint) fail(ErrorCode::invalid_model, "{}: field {} is no integer", kWhat, number);
    return integer;
  }
  std::string_view as_bytes() const {
    if (wire != kBytes) fail(ErrorCode::invalid_model, "{}: field {} holds no bytes", kWhat, number);
    return bytes;
  }
};

Field take_field(std::string_view& in) {
  Field out;
  const uint64_t key = take_varint64(in, kWhat);
  out.number = key >> 3U;
  out.wire = key & 7U;
  switch (out.wire) {
    case kVarint: out.integer = take_varint64(in, kWhat); break;
    case kBytes: out.bytes = take_bytes(in, take_varint64(in, kWhat), kWhat); break;
    case kFixed64:
    case kFixed32:
      for (unsigned i = 0; const char c : take_bytes(in, out.wire == kFixed64 ? 8 : 4, kWhat)) {
        out.integer |= uint64_t{static_cast<uint8_t>(c)} << (8 * i++);
      }
      break;
    default: fail(ErrorCode::invalid_model, "{}: field {} has the unknown wire type {}", kWhat, out.number, out.wire);
  }
  if (out.number == 0) fail(ErrorCode::invalid_model, "{}: a field has the number 0", kWhat);
  return out;
}

void decode_mtime(std::string_view in, UnixFs& node) {
  while (!in.empty()) {
    const Field field = take_field(in);
    if (field.number == 1) node.mtime_seconds = static_cast<int64_t>(field.as_integer());
    if (field.number == 2) {
      if (field.wire != kFixed32) fail(ErrorCode::invalid_model, "{}: nanoseconds are no 32-bit integer", kWhat);
      node.mtime_nanoseconds = static_cast<uint32_t>(field.integer);
    }
  }
}

}  // namespace

std::string encode_unixfs(const UnixFs& node) {
  std::string out;
  append_integer(out, 1, static_cast<uint64_t>(node.type));
  if (node.data) append_bytes(out, 2, *node.data);
  if (node.file_size) append_integer(out, 3, *node.file_size);
  for (const uint64_t size : node.block_sizes) append_integer(out, 4, size);
  if (node.hash_type) append_integer(out, 5, *node.hash_type);
  if (node.fanout) append_integer(out, 6, *node.fanout);
  if (node.mode) append_integer(out, 7, *node.mode);
  if (node.mtime_seconds) {
    std::string time;
    append_integer(time, 1, static_cast<uint64_t>(*node.mtime_seconds));
    if (node.mtime_nanoseconds) {
      time += static_cast<char>(2U << 3U | kFixed32);
      for (unsigned i = 0; i < 4; ++i) time += static_cast<char>(*node.mtime_nanoseconds >> (8 * i));
    }
    append_bytes(out, 8, time);
  }
  return out;
}

UnixFs decode_unixfs(std::string_view bytes) {
  UnixFs out;
  bool has_type = false;
  while (!bytes.empty()) {
    const Field field = take_field(bytes);
    switch (field.number) {
      case 1:
        if (field.as_integer() > 5) {
          fail(ErrorCode::invalid_model, "{}: node type {}; expected 0 to 5", kWhat, field.integer);
        }
        out.type = static_cast<UnixFs::Type>(field.integer);
        has_type = true;
        break;
      case 2: out.data = field.as_bytes(); break;
      case 3: out.file_size = field.as_integer(); break;
      case 4:
        if (field.wire == kBytes) {  // packed
          for (std::string_view in = field.bytes; !in.empty();) out.block_sizes.push_back(take_varint64(in, kWhat));
        } else {
          out.block_sizes.push_back(field.as_integer());
        }
        break;
      case 5: out.hash_type = field.as_integer(); break;
      case 6: out.fanout = field.as_integer(); break;
      case 7: out.mode = field.as_integer(); break;
      case 8: decode_mtime(field.as_bytes(), out); break;
      default: break;
    }
  }
  if (!has_type) fail(ErrorCode::invalid_model, "{} has no node type", kWhat);
  return out;
}

}  // namespace accelerate::store
