#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/executor.h"
#include "store/chunker.h"
#include "store/cid.h"

namespace accelerate::store {

enum class Layout { balanced, trickle };
/// How the size of a folder is estimated to decide whether it becomes a HAMT: by names and CIDs, or by its whole block.
enum class FolderSize { links, block };

/// Everything that decides which CID a file or a folder gets.
struct ImportOptions {
  int cid_version = 1;
  HashFunction hash = HashFunction::sha2_256;
  bool raw_leaves = true;
  ChunkerSpec chunker = {.max_bytes = 1 << 20};
  /// Most links of a node of a file.
  size_t width = 1024;
  Layout layout = Layout::balanced;
  /// A folder above this size becomes a HAMT; 0: never.
  uint64_t hamt_threshold_bytes = 256 << 10;
  FolderSize hamt_estimate = FolderSize::block;
  /// A power of two from 8 to 1024.
  uint64_t hamt_fanout = 256;

  /// "unixfs-v1-2025" (the default values) or "unixfs-v0-2015" (Kubo's for CIDs of version 0).
  /// Errors: invalid_argument.
  /// Source: IPIP-499.
  static ImportOptions profile(std::string_view name);
  /// Throws Error(invalid_argument) if a value is out of range or values exclude each other.
  void check() const;
};

/// How the bytes of a leaf become its block.
enum class LeafForm : uint8_t { raw = 0, pb_file = 1, pb_raw = 2 };

/// The block of a leaf with these bytes of the file.
std::string leaf_block(LeafForm form, std::string_view bytes);

/// Where the bytes of a leaf lie in the file.
struct LeafPlace {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  LeafForm form = LeafForm::raw;
};

/// Takes the blocks of a tree, children first; called by one thread at a time.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual void put(const Cid& cid, std::string_view block) = 0;
  /// A leaf, whose bytes stay in the file.
  virtual void put_leaf(const Cid& cid, const LeafPlace& place) = 0;
};

/// The bytes of a file. read_at is called by several threads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size_bytes() const = 0;
  /// Fills `into`. Errors: io_error if that is impossible.
  virtual void read_at(uint64_t offset, std::span<char> into) = 0;
};

/// A tree that has been put into a sink.
struct ImportedTree {
  Cid cid;
  /// Of the content.
  uint64_t file_bytes = 0;
  /// Of all blocks; what a link to it says.
  uint64_t total_bytes = 0;
};

struct ImportCall {
  CallLimits limits;
  /// How many bytes of the file are done; called by one thread at a time.
  std::function<void(uint64_t done)> progress;
};

/// Cuts, hashes on all threads of the executor, and builds the tree; memory does not grow with the file.
/// Errors: as the source's and the sink's; cancelled, deadline_exceeded.
ImportedTree import_file(ByteSource& source, const ImportOptions& options, Executor& executor, BlockSink& sink,
                         const ImportCall& call = {});

ImportedTree import_symlink(std::string_view target, const ImportOptions& options, BlockSink& sink);

struct FolderEntry {
  std::string name;
  ImportedTree tree;
};

/// One node, or a HAMT above the threshold. Entries may come in any order.
/// Errors: invalid_argument for a name that is empty, "." or "..", has a slash or NUL, or is there twice.
ImportedTree import_folder(std::vector<FolderEntry> entries, const ImportOptions& options, BlockSink& sink);

/// The hash of a name in a HAMT, most significant bit first.
/// Source: MurmurHash3_x64_128, first half.
uint64_t hamt_hash(std::string_view name);

}  // namespace accelerate::store
