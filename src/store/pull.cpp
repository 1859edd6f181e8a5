#include "store/pull.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/open_file.h"
#include "store/block_fetch.h"
#include "store/car.h"
#include "store/dag_pb.h"
#include "store/ipld.h"
#include "store/store_impl.h"
#include "store/unixfs.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

/// Smaller files stay in the store's index.
constexpr uint64_t kWholeFileBytes = 64 << 10;
constexpr int kMaxDepth = 1024;
constexpr size_t kMaxFrontier = 4'000'000;

/// A file whose leaves are raw.
struct PulledFile {
  Cid cid;
  uint64_t size_bytes = 0;
  std::vector<std::pair<Cid, LeafPlace>> leaves;
  bool only_raw = true;
};

/// A block that is to be looked at.
struct Step {
  Cid cid;
  int file = -1;  // the file that it is a part of
  uint64_t offset = 0;
  uint64_t size_bytes = ~uint64_t{0};  // that its parent says
};

/// A file of the store that is being filled; kept when the process dies, so that it is not fetched again.
class PartialFile {
 public:
  PartialFile(const fs::path& path, uint64_t size, const CallLimits& limits) : path_(path) {
    descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(path), system_reason(errno));
    try {
      while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        limits.check();
        usleep(50'000);
      }
      struct stat status{};
      fstat(descriptor_, &status);
      was_there_ = status.st_size > 0;
      if (ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
        fail(ErrorCode::io_error, "cannot make {} {} bytes long: {}", shown(path), size, system_reason(errno));
      }
    } catch (...) {
      close(descriptor_);
      throw;
    }
  }
  ~PartialFile() { close(descriptor_); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// Something was written before.
  bool was_there() const { return was_there_; }

  bool read_at(uint64_t offset, std::string& into) const {
    return pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(into.size());
  }
  void write_at(uint64_t offset, std::string_view bytes) const { write_all_at(descriptor_, offset, bytes, path_); }
  void keep(const fs::path& as) const { put_in_place(descriptor_, path_, as); }

 private:
  fs::path path_;
  int descriptor_ = -1;
  bool was_there_ = false;
};

class Puller {
 public:
  Puller(Store& store, Store::Session& session, const PullOptions& options, const StoreCall& call)
      : store_(store), session_(session), options_(options), call_(call), fetch_(options, call.limits) {}

  PullResult run(const Cid& root) {
    pull_nodes(root);
    for (const PulledFile& file : files_) pull_file(file);
    pull_blocks(loose_);
    return fetch_.result();
  }

 private:
  /// Fetches every block that is not a raw leaf, level by level, and finds the leaves.
  void pull_nodes(const Cid& root) {
    std::vector<Step> level = {{root}};
    for (int depth = 0; !level.empty(); ++depth) {
      if (depth > kMaxDepth) fail(ErrorCode::invalid_model, "{} is deeper than {} blocks", root.text(), kMaxDepth);
      std::vector<Cid> missing;
      for (const Step& step : level) {
        if (!step.cid.is(Codec::raw) && !store_.has(step.cid)) missing.push_back(step.cid);
      }
      pull_blocks(missing);
      std::vector<Step> below;
      for (const Step& step : level) {
        look_at(step, below);
        if (below.size() > kMaxFrontier)
          fail(ErrorCode::invalid_model, "{} is wider than {} blocks", root.text(), kMaxFrontier);
      }
      level = std::move(below);
    }
  }

  void pull_blocks(const std::vector<Cid>& cids) {
    if (cids.empty()) return;
    fetch_.fetch(cids, [this](const Cid& cid, const std::string& block) {
      session_.put(cid, block);
      advance(block.size());
    });
    session_.commit();
  }

  void look_at(const Step& step, std::vector<Step>& below) {
    call_.limits.check();
    if (step.cid.is(Codec::raw)) {
      if (step.file >= 0) {
        files_[static_cast<size_t>(step.file)].leaves.emplace_back(
            step.cid, LeafPlace{step.offset, step.size_bytes, LeafForm::raw});
      } else if (seen_.insert(step.cid).second && !store_.has(step.cid)) {
        loose_.push_back(step.cid);
      }
      return;
    }
    const bool first = seen_.insert(step.cid).second;
    // Part of a file: its leaves count at each place. Otherwise all below is known already.
    if (!first && step.file < 0) return;
    const std::string block = get_block(store_, step.cid);
    if (!step.cid.is(Codec::dag_pb)) {
      for (Cid& link : links_of(step.cid, block)) below.push_back({std::move(link)});
      return;
    }
    const PbNode node = decode_dag_pb(block);
    const bool file = node.data && !node.links.empty() && is_file(*node.data);
    if (!file) {
      if (step.file >= 0) files_[static_cast<size_t>(step.file)].only_raw = false;
      for (const PbLink& link : node.links) below.push_back({link.cid});
      return;
    }
    add_parts(step, node, below);
  }

  static bool is_file(const std::string& data) {
    const UnixFs::Type type = decode_unixfs(data).type;
    return type == UnixFs::Type::file || type == UnixFs::Type::raw;
  }

  void add_parts(const Step& step, const PbNode& node, std::vector<Step>& below) {
    const UnixFs data = decode_unixfs(*node.data);
    uint64_t sum = data.data.value_or("").size();
    for (const uint64_t size : data.block_sizes) {
      if (size > ~uint64_t{0} - sum) fail(ErrorCode::invalid_model, "{}: sizes beyond 64 bits", step.cid.text());
      sum += size;
    }
    if (data.block_sizes.size() != node.links.size() || data.file_size.value_or(sum) != sum ||
        (step.file >= 0 && sum != step.size_bytes)) {
      fail(ErrorCode::invalid_model, "{}: the sizes of its parts do not fit", step.cid.text());
    }
    int file = step.file;
    if (file < 0) {
      file = static_cast<int>(files_.size());
      files_.push_back({step.cid, sum, {}, true});
      if (files_.back().size_bytes > options_.max_bytes - std::min(options_.max_bytes, announced_)) {
        fail(ErrorCode::invalid_argument, "the content has more than {} bytes", options_.max_bytes);
      }
      announced_ += files_.back().size_bytes;
    }
    if (!data.data.value_or("").empty()) {
      // Bytes between the parts: read from the blocks, not from a whole file.
      files_[static_cast<size_t>(file)].only_raw = false;
    }
    uint64_t at = step.offset;
    for (size_t i = 0; i < node.links.size(); ++i) {
      const uint64_t size = data.block_sizes[i];
      // A part without bytes has no place in the file; it is a block like others.
      below.push_back(size > 0 ? Step{node.links[i].cid, file, at, size} : Step{node.links[i].cid});
      at += size;
    }
  }

  void pull_file(const PulledFile& file) {
    std::unordered_map<Cid, std::vector<LeafPlace>> missing;
    uint64_t end = 0;
    bool whole = file.only_raw && file.size_bytes >= kWholeFileBytes;
    for (const auto& [cid, place] : file.leaves) {
      whole = whole && place.size_bytes > 0 && place.size_bytes <= kMaxBlockBytes &&
              place.offset + place.size_bytes <= file.size_bytes;
      end = std::max(end, place.offset + place.size_bytes);
      if (!store_.has(cid)) missing[cid].push_back(place);
    }
    if (missing.empty()) return;
    if (!whole || end != file.size_bytes) {
      std::vector<Cid> cids;
      for (const auto& [cid, places] : missing) cids.push_back(cid);
      pull_blocks(cids);
      return;
    }
    fill_file(file);
  }

  void fill_file(const PulledFile& file) {
    const std::string name = "files/" + file.cid.text();
    const fs::path path = store_.folder() / "files" / ("partial." + file.cid.text());
    const PartialFile partial(path, file.size_bytes, call_.limits);
    std::unordered_map<Cid, std::vector<LeafPlace>> wanted;
    std::string bytes;
    for (const auto& [cid, place] : file.leaves) {
      call_.limits.check();
      if (partial.was_there()) {
        bytes.resize(place.size_bytes);
        if (partial.read_at(place.offset, bytes) && cid.matches(bytes)) {
          advance(place.size_bytes);
          continue;
        }
      }
      if (store_.has(cid)) {
        try {
          bytes = store_.get(cid);
          if (bytes.size() == place.size_bytes) {
            partial.write_at(place.offset, bytes);
            advance(place.size_bytes);
            continue;
          }
        } catch (const Error&) {
          // Its file has changed: it is fetched.
        }
      }
      wanted[cid].push_back(place);
    }
    std::vector<Cid> cids;
    // In the order of the file.
    for (const auto& [cid, place] : file.leaves) {
      if (const auto found = wanted.find(cid); found != wanted.end() && found->second.front().offset == place.offset)
        cids.push_back(cid);
    }
    fetch_.fetch(cids, [&](const Cid& cid, const std::string& block) {
      for (const LeafPlace& place : wanted.at(cid)) {
        if (block.size() != place.size_bytes) {
          fail(ErrorCode::invalid_model, "{} has {} bytes of {}, its parent says {}", cid.text(), block.size(),
               file.cid.text(), place.size_bytes);
        }
        partial.write_at(place.offset, block);
        advance(block.size());
      }
    });
    partial.keep(store_.folder() / name);
    for (const auto& [cid, place] : file.leaves) session_.put_leaf(cid, place);
    session_.finish_file(name, true, PlainFile(store_.folder() / name).stamp(), file.cid);
  }

  void advance(uint64_t bytes) {
    progress_.done_bytes += bytes;
    progress_.total_bytes = announced_ > progress_.done_bytes ? announced_ : 0;
    if (call_.progress) call_.progress(progress_);
  }

  Store& store_;
  Store::Session& session_;
  const PullOptions& options_;
  const StoreCall& call_;
  BlockFetch fetch_;
  std::vector<PulledFile> files_;
  std::vector<Cid> loose_;
  std::unordered_set<Cid> seen_;
  uint64_t announced_ = 0;
  StoreProgress progress_;
};

}  // namespace

PullResult pull(Store& store, const Cid& cid, const PullOptions& options, const StoreCall& call) {
  const auto session = store.begin_session();
  PullResult out = Puller(store, *session, options, call).run(cid);
  // Pinned before the session ends, so that garbage collection cannot come between.
  if (options.pin) store.pin(cid, options.pin_name, call);
  return out;
}

}  // namespace accelerate::store
