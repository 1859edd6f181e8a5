#pragma once
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace accelerate::test {

/// One entry to write. What differs from an honest archive is set by hand.
struct ZipItem {
  std::string name;
  std::string content;
  bool deflate = false;
  uint16_t flags = 0;
  /// Claims instead of the truth, if not 0.
  uint32_t claimed_size = 0;
  uint32_t claimed_stored = 0;
  uint32_t claimed_offset = 0;
  std::string local_name;
  uint32_t crc_change = 0;
};

inline void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// A zip archive of the items, with a zip64 end record if asked for.
inline std::string zip_of(const std::vector<ZipItem>& items, bool zip64 = false) {
  std::string out;
  std::string directory;
  for (const ZipItem& item : items) {
    const std::string stored = item.deflate ? deflated(item.content) : item.content;
    const auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(item.content.data()),
                                                 static_cast<uInt>(item.content.size()))) +
                     item.crc_change;
    const uint32_t size = item.claimed_size != 0 ? item.claimed_size : static_cast<uint32_t>(item.content.size());
    const uint32_t stored_size = item.claimed_stored != 0 ? item.claimed_stored : static_cast<uint32_t>(stored.size());
    const uint32_t offset = item.claimed_offset != 0 ? item.claimed_offset : static_cast<uint32_t>(out.size());
    const std::string& local = item.local_name.empty() ? item.name : item.local_name;
    const uint16_t method = item.deflate ? 8 : 0;
    put(out, 0x04034b50, 4);
    for (const uint64_t field : {uint64_t{20}, uint64_t{item.flags}, uint64_t{method}, uint64_t{0}, uint64_t{0}})
      put(out, field, 2);
    for (const uint32_t field : {crc, stored_size, size}) put(out, field, 4);
    put(out, local.size(), 2);
    put(out, 0, 2);
    out += local + stored;
    put(directory, 0x02014b50, 4);
    for (const uint64_t field :
         {uint64_t{20}, uint64_t{20}, uint64_t{item.flags}, uint64_t{method}, uint64_t{0}, uint64_t{0}})
      put(directory, field, 2);
    for (const uint32_t field : {crc, stored_size, size}) put(directory, field, 4);
    put(directory, item.name.size(), 2);
    for (int i = 0; i < 4; ++i) put(directory, 0, 2);
    put(directory, 0, 4);
    put(directory, offset, 4);
    directory += item.name;
  }
  const size_t at = out.size();
  out += directory;
  if (zip64) {
    const size_t record = out.size();
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, 45, 2);
    put(out, 45, 2);
    put(out, 0, 4);
    put(out, 0, 4);
    for (const uint64_t field :
         {uint64_t{items.size()}, uint64_t{items.size()}, uint64_t{directory.size()}, uint64_t{at}})
      put(out, field, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, record, 8);
    put(out, 1, 4);
  }
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, zip64 ? 0xffff : items.size(), 2);
  put(out, zip64 ? 0xffff : items.size(), 2);
  put(out, zip64 ? 0xffffffff : directory.size(), 4);
  put(out, zip64 ? 0xffffffff : at, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace accelerate::test
