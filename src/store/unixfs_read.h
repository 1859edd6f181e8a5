#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/block_source.h"
#include "store/cid.h"

namespace accelerate::store {

struct UnixFsInfo {
  enum class Kind { file, folder, symlink };
  Kind kind = Kind::file;
  /// Of a file.
  uint64_t size_bytes = 0;
  /// Of a symlink.
  std::string target;
};

struct UnixFsEntry {
  std::string name;
  Cid cid;
  /// Bytes of all blocks below, as the writer claims.
  uint64_t total_bytes = 0;
};

/// Files and folders of a source of blocks. All that is read is checked: names, depths, sizes that must fit together.
/// Errors of all functions: as get_block; invalid_model for a tree that breaks the rules of UnixFS.
class UnixFsReader {
 public:
  explicit UnixFsReader(BlockSource& source) : source_(source) {}

  UnixFsInfo info(const Cid& cid);
  /// The entries of a folder, sorted by name; shards of a HAMT are read. Names that lead elsewhere ("..", "a/b") are
  /// refused.
  std::vector<UnixFsEntry> list(const Cid& folder);
  /// The entry at a path of names with slashes between, nothing if there is none. Symlinks are not followed.
  std::optional<Cid> resolve(const Cid& root, std::string_view path);
  /// Calls write with the bytes [offset, offset + size) of a file, in order; a range beyond the end is cut.
  void read(const Cid& file, uint64_t offset, uint64_t size, const std::function<void(std::string_view)>& write);
  /// A whole file. Errors: invalid_model above max_bytes.
  std::string read_all(const Cid& file, uint64_t max_bytes);

 private:
  BlockSource& source_;
};

}  // namespace accelerate::store
