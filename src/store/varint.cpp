#include "store/varint.h"

#include "base/error.h"

namespace accelerate::store {
namespace {

uint64_t take(std::string_view& in, std::string_view what, size_t max_bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < in.size() && i < max_bytes; ++i) {
    const auto byte = static_cast<uint8_t>(in[i]);
    if (i == 9 && byte > 1) fail(ErrorCode::invalid_model, "{}: an integer has more than 64 bits", what);
    value |= uint64_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    if (i > 0 && byte == 0) fail(ErrorCode::invalid_model, "{}: an integer is not in its shortest form", what);
    in.remove_prefix(i + 1);
    return value;
  }
  if (in.size() < max_bytes) fail(ErrorCode::invalid_model, "{} ends inside an integer", what);
  fail(ErrorCode::invalid_model, "{}: an integer is longer than {} bytes", what, max_bytes);
}

}  // namespace

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
  out += static_cast<char>(value);
}

size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

uint64_t take_varint(std::string_view& in, std::string_view what) {
  return take(in, what, 9);
}

uint64_t take_varint64(std::string_view& in, std::string_view what) {
  return take(in, what, 10);
}

std::string_view take_bytes(std::string_view& in, uint64_t size, std::string_view what) {
  if (size > in.size()) {
    fail(ErrorCode::invalid_model, "{} ends early: {} bytes are announced, {} are left", what, size, in.size());
  }
  const std::string_view out = in.substr(0, size);
  in.remove_prefix(size);
  return out;
}

}  // namespace accelerate::store
