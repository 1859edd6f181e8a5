#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accelerate::store {

/// The data of a dag-pb node that is part of a file or a folder.
struct UnixFs {
  enum class Type : uint64_t { raw = 0, directory = 1, file = 2, metadata = 3, symlink = 4, hamt_shard = 5 };
  Type type = Type::file;
  std::optional<std::string> data;
  std::optional<uint64_t> file_size;
  /// Bytes of the file below each link.
  std::vector<uint64_t> block_sizes;
  std::optional<uint64_t> hash_type;
  std::optional<uint64_t> fanout;
  std::optional<uint64_t> mode;
  std::optional<int64_t> mtime_seconds;
  std::optional<uint32_t> mtime_nanoseconds;
};

/// The hash of names in a HAMT: murmur3-x64-64.
constexpr uint64_t kHamtMurmur3 = 0x22;
constexpr uint64_t kMaxHamtFanout = 1024;

std::string encode_unixfs(const UnixFs& node);
/// Unknown fields are skipped, as the format allows. Errors: invalid_model.
/// Source: UnixFS specification.
UnixFs decode_unixfs(std::string_view bytes);

}  // namespace accelerate::store
