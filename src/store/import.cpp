#include "store/import.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <memory>

#include "base/error.h"
#include "store/dag_pb.h"
#include "store/unixfs.h"

namespace accelerate::store {
namespace {

constexpr uint64_t kBatchBytes = 32 << 20;
constexpr size_t kMaxWidth = 16384;

/// A child that waits for its parent.
struct Child {
  Cid cid;
  uint64_t file_bytes = 0;
  uint64_t total_bytes = 0;
};

/// The leaves of a file in order; a batch at a time is read and hashed by all threads.
class Leaves {
 public:
  Leaves(ByteSource& source, const ImportOptions& options, LeafForm form, Executor& executor, BlockSink& sink,
         const ImportCall& call)
      : source_(source),
        options_(options),
        form_(form),
        executor_(executor),
        sink_(sink),
        call_(call),
        size_bytes_(source.size_bytes()),
        chunker_(Chunker::make(options.chunker)) {}

  bool done() {
    if (ready_.empty() && at_ < size_bytes_) fill();
    return ready_.empty();
  }

  Child next() {
    Child out = std::move(ready_.front());
    ready_.pop_front();
    return out;
  }

 private:
  void fill() {
    call_.limits.check();
    std::vector<LeafPlace> places;
    std::vector<Child> children;
    if (options_.chunker.kind == ChunkerSpec::Kind::fixed) {
      const uint64_t size = options_.chunker.max_bytes;
      const uint64_t end = std::min(size_bytes_, at_ + std::max<uint64_t>(kBatchBytes / size, 1) * size);
      for (; at_ < end; at_ += places.back().size_bytes) {
        places.push_back({at_, std::min(size, size_bytes_ - at_), form_});
      }
      buffers_.resize(static_cast<size_t>(executor_.num_threads()));
      children.resize(places.size());
      executor_.parallel_for(static_cast<int64_t>(places.size()), [&](int64_t i, int thread) {
        const LeafPlace& place = places[static_cast<size_t>(i)];
        std::string& buffer = buffers_[static_cast<size_t>(thread)];
        buffer.resize(place.size_bytes);
        source_.read_at(place.offset, buffer);
        children[static_cast<size_t>(i)] = hash(buffer);
      });
    } else {
      const uint64_t begin = at_;
      const uint64_t max = options_.chunker.max_bytes;
      buffers_.resize(1);
      std::string& buffer = buffers_[0];
      buffer.resize(std::min(size_bytes_ - begin, std::max<uint64_t>(kBatchBytes / 4, 2 * max)));
      source_.read_at(begin, buffer);
      const std::string_view window = buffer;
      const bool last = begin + window.size() == size_bytes_;
      for (uint64_t i = 0; i < window.size() && (last || window.size() - i >= max);) {
        const size_t size = chunker_->next(window.substr(i, max));
        places.push_back({begin + i, size, form_});
        i += size;
        at_ = begin + i;
      }
      children.resize(places.size());
      executor_.parallel_for(static_cast<int64_t>(places.size()), [&](int64_t i, int) {
        const LeafPlace& place = places[static_cast<size_t>(i)];
        children[static_cast<size_t>(i)] = hash(window.substr(place.offset - begin, place.size_bytes));
      });
    }
    for (size_t i = 0; i < places.size(); ++i) {
      sink_.put_leaf(children[i].cid, places[i]);
      ready_.push_back(std::move(children[i]));
    }
    if (call_.progress) call_.progress(at_);
  }

  Child hash(std::string_view bytes) const {
    if (form_ == LeafForm::raw) {
      return {Cid::of(1, Codec::raw, options_.hash, bytes), bytes.size(), bytes.size()};
    }
    const std::string block = leaf_block(form_, bytes);
    return {Cid::of(options_.cid_version, Codec::dag_pb, options_.hash, block), bytes.size(), block.size()};
  }

  ByteSource& source_;
  const ImportOptions& options_;
  LeafForm form_;
  Executor& executor_;
  BlockSink& sink_;
  const ImportCall& call_;
  uint64_t size_bytes_;
  uint64_t at_ = 0;
  std::unique_ptr<Chunker> chunker_;
  std::vector<std::string> buffers_;
  std::deque<Child> ready_;
};

/// Puts a node of a file above its children.
class FileNode {
 public:
  void add(Child child) {
    unixfs_.block_sizes.push_back(child.file_bytes);
    file_bytes_ += child.file_bytes;
    total_bytes_ += child.total_bytes;
    node_.links.push_back({std::move(child.cid), "", child.total_bytes});
  }
  size_t num_children() const { return node_.links.size(); }

  Child finish(const ImportOptions& options, BlockSink& sink) {
    unixfs_.type = UnixFs::Type::file;
    unixfs_.file_size = file_bytes_;
    node_.data = encode_unixfs(unixfs_);
    const std::string block = encode_dag_pb(node_);
    Child out{Cid::of(options.cid_version, Codec::dag_pb, options.hash, block), file_bytes_,
              total_bytes_ + block.size()};
    sink.put(out.cid, block);
    return out;
  }

 private:
  PbNode node_;
  UnixFs unixfs_;
  uint64_t file_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

/// All leaves at the same depth.
class BalancedBuilder {
 public:
  BalancedBuilder(Leaves& leaves, const ImportOptions& options, BlockSink& sink)
      : leaves_(leaves), options_(options), sink_(sink) {}

  Child build() {
    Child root = leaves_.next();
    for (int depth = 1; !leaves_.done(); ++depth) {
      FileNode above;
      above.add(std::move(root));
      root = fill(std::move(above), depth);
    }
    return root;
  }

 private:
  Child fill(FileNode node, int depth) {
    while (node.num_children() < options_.width && !leaves_.done()) {
      node.add(depth == 1 ? leaves_.next() : fill(FileNode(), depth - 1));
    }
    return node.finish(options_, sink_);
  }

  Leaves& leaves_;
  const ImportOptions& options_;
  BlockSink& sink_;
};

/// Each node has leaves first, then four subtrees of each depth below its own.
class TrickleBuilder {
 public:
  TrickleBuilder(Leaves& leaves, const ImportOptions& options, BlockSink& sink)
      : leaves_(leaves), options_(options), sink_(sink) {}

  Child build() { return fill(-1); }

 private:
  static constexpr int kRepeats = 4;

  Child fill(int max_depth) {
    FileNode node;
    while (node.num_children() < options_.width && !leaves_.done()) node.add(leaves_.next());
    for (int depth = 1; (max_depth < 0 || depth < max_depth) && !leaves_.done(); ++depth) {
      for (int i = 0; i < kRepeats && !leaves_.done(); ++i) node.add(fill(depth));
    }
    return node.finish(options_, sink_);
  }

  Leaves& leaves_;
  const ImportOptions& options_;
  BlockSink& sink_;
};

}  // namespace

ImportOptions ImportOptions::profile(std::string_view name) {
  ImportOptions out;
  if (name == "unixfs-v1-2025") return out;
  if (name == "unixfs-v0-2015") {
    out.cid_version = 0;
    out.raw_leaves = false;
    out.chunker = {.max_bytes = 256 << 10};
    out.width = 174;
    out.hamt_estimate = FolderSize::links;
    return out;
  }
  fail(ErrorCode::invalid_argument, "there is no profile \"{}\"; expected unixfs-v1-2025 or unixfs-v0-2015",
       printable(name));
}

void ImportOptions::check() const {
  if (cid_version != 0 && cid_version != 1) fail(ErrorCode::invalid_argument, "no CID version {}", cid_version);
  if (hash == HashFunction::identity) {
    fail(ErrorCode::invalid_argument, "files cannot be named by identity; expected sha2-256 or blake3");
  }
  if (cid_version == 0 && (hash != HashFunction::sha2_256 || raw_leaves)) {
    fail(ErrorCode::invalid_argument, "CIDs of version 0 need sha2-256 and no raw leaves; choose version 1");
  }
  if (width < 2 || width > kMaxWidth) {
    fail(ErrorCode::invalid_argument, "{} links a node; expected 2 to {}", width, kMaxWidth);
  }
  if (!std::has_single_bit(hamt_fanout) || hamt_fanout < 8 || hamt_fanout > kMaxHamtFanout) {
    fail(ErrorCode::invalid_argument, "a HAMT fanout of {}; expected a power of two from 8 to {}", hamt_fanout,
         kMaxHamtFanout);
  }
  if (chunker.max_bytes == 0 || chunker.max_bytes > kMaxChunkBytes) {
    fail(ErrorCode::invalid_argument, "chunks of {} bytes; expected 1 to {}", chunker.max_bytes, kMaxChunkBytes);
  }
}

std::string leaf_block(LeafForm form, std::string_view bytes) {
  if (form == LeafForm::raw) return std::string(bytes);
  UnixFs leaf;
  leaf.type = form == LeafForm::pb_file ? UnixFs::Type::file : UnixFs::Type::raw;
  if (!bytes.empty()) leaf.data = bytes;
  leaf.file_size = bytes.size();
  PbNode node;
  node.data = encode_unixfs(leaf);
  return encode_dag_pb(node);
}

ImportedTree import_file(ByteSource& source, const ImportOptions& options, Executor& executor, BlockSink& sink,
                         const ImportCall& call) {
  options.check();
  const bool trickle = options.layout == Layout::trickle;
  const LeafForm form = options.raw_leaves ? LeafForm::raw : trickle ? LeafForm::pb_raw : LeafForm::pb_file;
  Leaves leaves(source, options, form, executor, sink, call);
  if (!trickle && leaves.done()) {
    const std::string block = leaf_block(form, "");
    const Cid cid = form == LeafForm::raw ? Cid::of(1, Codec::raw, options.hash, block)
                                          : Cid::of(options.cid_version, Codec::dag_pb, options.hash, block);
    sink.put(cid, block);
    return {cid, 0, block.size()};
  }
  const Child root =
      trickle ? TrickleBuilder(leaves, options, sink).build() : BalancedBuilder(leaves, options, sink).build();
  return {root.cid, root.file_bytes, root.total_bytes};
}

ImportedTree import_symlink(std::string_view target, const ImportOptions& options, BlockSink& sink) {
  UnixFs link;
  link.type = UnixFs::Type::symlink;
  link.data = target;
  PbNode node;
  node.data = encode_unixfs(link);
  const std::string block = encode_dag_pb(node);
  const Cid cid = Cid::of(options.cid_version, Codec::dag_pb, options.hash, block);
  sink.put(cid, block);
  return {cid, target.size(), block.size()};
}

}  // namespace accelerate::store
