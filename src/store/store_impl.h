#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/store.h"

namespace accelerate::store {

/// What tells whether a file is still as it was.
struct FileStamp {
  uint64_t size_bytes = 0;
  int64_t mtime_ns = 0;
  uint64_t inode = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// A file open for reading.
class PlainFile {
 public:
  /// Errors: not_found, io_error; invalid_argument for what is no regular file. Never waits, never follows a last
  /// symlink.
  explicit PlainFile(const std::filesystem::path& path);
  ~PlainFile();
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;
  /// Of now. Errors: io_error.
  FileStamp stamp() const;
  /// Errors: io_error if the file ends earlier.
  void read_at(uint64_t offset, std::span<char> into) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// A lock that processes share; given back by the destructor, or when the process ends.
class FolderLock {
 public:
  /// Waits. Errors: io_error; cancelled, deadline_exceeded.
  FolderLock(const std::filesystem::path& file, bool exclusive, const CallLimits& limits);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// A place in a file where the bytes of a leaf were when they were verified.
struct StoredLeaf {
  std::filesystem::path file;
  LeafPlace place;
  FileStamp stamp;
  /// False while the file could change again without its time changing.
  bool settled = false;
};

struct Store::Impl {
  std::filesystem::path folder;
  StoreOptions options;
  std::mutex mutex;  // of db
  Database db;
  uint64_t next_session = 1;

  Impl(const std::filesystem::path& folder, const StoreOptions& options);

  std::filesystem::path lock_file() const { return folder / "lock"; }
  std::filesystem::path owned_folder() const { return folder / "files"; }
  /// The real path of a file by what the table says: owned ones are relative.
  std::filesystem::path path_of(const std::string& stored) const;
  void check_writable() const;
  /// Of the store on its disk. The mutex is held.
  uint64_t disk_bytes();
  /// Throws Error(io_error) if `more` bytes would go beyond the quota. The mutex is held.
  void check_quota(uint64_t more);
  std::vector<StoredLeaf> leaves_of(const std::string& hash);
  /// The block of a leaf, verified if its file is not as it was; nothing, and why, if it is not there any more.
  std::optional<std::string> read_leaf(const Cid& cid, const StoredLeaf& leaf, std::string& reason) const;
  /// Every hash below the pins. Errors: not_found for a missing block.
  void mark(const Cid& root, const StoreCall& call, Store& store,
            const std::function<bool(const std::string&)>& first_time);
};

/// A write session: see Store::begin_session.
class Store::Session : public BlockSink {
 public:
  explicit Session(Impl& store, const CallLimits& limits = {});
  ~Session() override;

  void put(const Cid& cid, std::string_view block) override;
  /// The bytes stay in the file that finish_file names.
  void put_leaf(const Cid& cid, const LeafPlace& place) override;
  /// Records the leaves since the last call as places in a file; all or nothing. `owned` files are named relative to
  /// the store. Several wholes name the same content.
  void finish_file(const std::string& path, bool owned, const FileStamp& stamp, const Cid& whole);
  /// Forgets the leaves since the last finish_file.
  void drop_file();
  void pin(const Cid& cid, const std::string& name);
  void commit();

 private:
  void flush();  // the mutex is held
  void flush_leaves();

  Impl& store_;
  FolderLock lock_;
  int64_t id_;
  std::vector<std::pair<std::string, std::string>> blocks_;  // hash, block
  uint64_t block_bytes_ = 0;
  std::vector<std::pair<std::string, LeafPlace>> leaves_;
};

}  // namespace accelerate::store
