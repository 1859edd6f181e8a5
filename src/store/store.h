#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "store/block_source.h"
#include "store/import.h"

namespace accelerate::store {

struct StoreOptions {
  /// Nothing is written; the folder may be on a read-only file system.
  bool read_only = false;
  /// Most bytes that the store itself takes on its disk; referenced files count nothing. 0: unlimited.
  uint64_t quota_bytes = 0;
};

struct AddOptions {
  ImportOptions import;
  /// Files of at least this size stay where they are and are referenced by their blocks; smaller ones are copied into
  /// the store's index. With `copy`, those files are copied into the store too, each as one whole file.
  uint64_t reference_bytes = 64 << 10;
  bool copy = false;
  bool pin = true;
  std::string pin_name;
  /// Symlinks become the files they lead to, which must lie inside the folder that is added (or, of a Hugging Face hub
  /// cache, inside its models--ORG--NAME folder); otherwise they stay symlinks.
  bool follow_links = false;
  /// Names that begin with a dot are added too.
  bool hidden = false;
};

/// How far a long operation is.
struct StoreProgress {
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;  // 0: not known
  uint64_t done_blocks = 0;
};

struct StoreCall {
  CallLimits limits;
  std::function<void(const StoreProgress&)> progress;
};

struct Pin {
  Cid cid;
  std::string name;
};

struct GcResult {
  uint64_t removed_blocks = 0;
  uint64_t removed_files = 0;
  uint64_t freed_bytes = 0;
  uint64_t kept_blocks = 0;
};

/// A block or file that `verify` found wrong, and why.
struct VerifyFault {
  std::string what;
  std::string reason;
};

struct VerifyResult {
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  std::vector<VerifyFault> faults;
};

struct StoreStat {
  std::filesystem::path folder;
  uint64_t blocks = 0;
  uint64_t block_bytes = 0;
  uint64_t leaves = 0;
  uint64_t leaf_bytes = 0;
  uint64_t referenced_files = 0;
  uint64_t owned_files = 0;
  uint64_t pins = 0;
  /// What the store takes on its disk.
  uint64_t disk_bytes = 0;
};

/// Blocks, and whole files whose pieces are blocks. A folder: index.db (SQLite: blocks of metadata and small files,
/// places of leaves in files, pins), files/ (whole files that the store owns), lock (held by writers; garbage
/// collection waits for them). Several threads and processes may use one store; a process that dies at any moment
/// leaves it intact.
///
/// Bytes are verified when they enter. A leaf in a file is verified again when the size, time or identity of the file
/// is not as it was then.
class Store : public BlockSource {
 public:
  struct Impl;  // of the files of this folder

  /// Creates it if it is not there and not read_only. Errors: io_error, not_found; invalid_model for a folder that is
  /// no store.
  static std::shared_ptr<Store> open(const std::filesystem::path& folder, const StoreOptions& options = {});
  /// ACCELERATE_STORE, or ipfs-accelerate/store in XDG_DATA_HOME or ~/.local/share.
  static std::filesystem::path default_folder();
  ~Store() override;

  /// Errors: not_found; invalid_model if the file that held it has changed.
  std::string get(const Cid& cid) override;
  bool has(const Cid& cid) override;
  /// Size of a block without reading it. Errors: not_found.
  uint64_t size_of(const Cid& cid);

  /// Takes a block after checking it. Errors: invalid_model if it is not the CID's; io_error beyond the quota.
  void put(const Cid& cid, std::string_view block);

  /// Adds a file, a folder with all below it, or a symlink. Errors: as import_file's; not_found; io_error if a file
  /// changes meanwhile; invalid_argument for a device, pipe or socket, or a link that leads out.
  ImportedTree add(const std::filesystem::path& path, const AddOptions& options, Executor& executor,
                   const StoreCall& call = {});
  /// Adds what `read` gives until it returns 0, as one whole file of the store.
  ImportedTree add_stream(const std::function<size_t(std::span<char>)>& read, const AddOptions& options,
                          Executor& executor, const StoreCall& call = {});

  /// Keeps all below cid from garbage collection. Errors: not_found if any block of it is missing.
  void pin(const Cid& cid, const std::string& name, const StoreCall& call = {});
  /// Errors: not_found if it is not pinned.
  void unpin(const Cid& cid);
  std::vector<Pin> pins();
  bool is_pinned(const Cid& cid);

  /// Keeps a signature record of a CID (verify_publication has passed it) until the CID's block goes.
  /// Errors: invalid_argument beyond 64 records of a CID.
  void add_signature(const Cid& cid, std::string_view record);
  std::vector<std::string> signatures(const Cid& cid);

  /// Removes all that no pin reaches. Waits for writers of other processes. Errors: not_found if a pinned tree misses
  /// a block, and then nothing is removed.
  GcResult gc(const StoreCall& call = {});
  /// Reads and hashes everything.
  VerifyResult verify(const StoreCall& call = {});
  StoreStat stat();

  /// Paths of a whole file whose content is the file `cid`, unchanged since it was verified; nothing if there is none.
  std::optional<std::filesystem::path> whole_file(const Cid& cid);

  /// A write session: garbage collection waits until it is gone. All puts are in the store after commit(), in batches
  /// before.
  class Session;
  std::unique_ptr<Session> begin_session();

  const std::filesystem::path& folder() const;

 private:
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace accelerate::store
