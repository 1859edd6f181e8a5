#pragma once
#include <filesystem>
#include <memory>

#include "store/store.h"

namespace accelerate::store {

struct ExportOptions {
  /// Whole files of the store become hard links where the file system allows; they must not be changed then.
  bool link = false;
  /// Most bytes that are written.
  uint64_t max_bytes = ~uint64_t{0};
};

/// Writes a file or folder under a new name, all or nothing. Names are those of the tree; a symlink is written only if
/// it leads to somewhere inside the tree. Errors: invalid_argument if `to` exists or a link leads out; as
/// UnixFsReader's; io_error.
void export_tree(Store& store, const Cid& cid, const std::filesystem::path& to, const ExportOptions& options = {},
                 const StoreCall& call = {});

/// A folder with the content of a tree, for as long as the object lives.
class View {
 public:
  View(Store& store, const Cid& cid, const StoreCall& call = {});
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Removes views of processes that have died.
void remove_dead_views(const std::filesystem::path& store_folder);

/// A CID with names behind it, as people write it: "CID", "ipfs://CID/a/b", "/ipfs/CID/a".
struct IpfsPath {
  Cid cid;
  std::string path;
  /// Errors: invalid_argument.
  static IpfsPath parse(std::string_view text);
  /// True for what begins with "ipfs://" or "/ipfs/".
  static bool is_marked(std::string_view text);
};

}  // namespace accelerate::store
