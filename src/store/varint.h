#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace accelerate::store {

/// Appends an unsigned LEB128 integer.
void append_varint(std::string& out, uint64_t value);
/// Bytes that append_varint takes.
size_t varint_size(uint64_t value);
/// Takes one from the front: at most 63 bits in 9 bytes, in its shortest form.
/// Errors: invalid_model naming `what`.
/// Source: multiformats/unsigned-varint.
uint64_t take_varint(std::string_view& in, std::string_view what);
/// As take_varint, of protocol buffers: all 64 bits in at most 10 bytes.
uint64_t take_varint64(std::string_view& in, std::string_view what);
/// Takes `size` bytes from the front. Errors: invalid_model if there are fewer.
std::string_view take_bytes(std::string_view& in, uint64_t size, std::string_view what);

}  // namespace accelerate::store
