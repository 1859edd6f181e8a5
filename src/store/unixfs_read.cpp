#include "store/unixfs_read.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "base/error.h"
#include "store/dag_pb.h"
#include "store/import.h"
#include "store/ipld.h"
#include "store/unixfs.h"

namespace accelerate::store {
namespace {

constexpr int kMaxFileDepth = 64;
constexpr size_t kMaxEntries = 10'000'000;

struct Node {
  PbNode pb;
  UnixFs data;
};

Node decode_node(const Cid& cid, const std::string& block) {
  if (!cid.is(Codec::dag_pb)) {
    fail(ErrorCode::invalid_model, "{} is {}; expected a file or folder (dag-pb or raw)", cid.text(),
         name_of_codec(cid.codec()));
  }
  Node out;
  out.pb = decode_dag_pb(block);
  if (!out.pb.data) fail(ErrorCode::invalid_model, "{} has no UnixFS data", cid.text());
  out.data = decode_unixfs(*out.pb.data);
  return out;
}

bool is_folder(const UnixFs& data) {
  return data.type == UnixFs::Type::directory || data.type == UnixFs::Type::hamt_shard;
}

bool is_file(const UnixFs& data) {
  return data.type == UnixFs::Type::file || data.type == UnixFs::Type::raw;
}

/// Checks what a file's node says about itself, and returns the size of the file below it.
uint64_t file_bytes_of(const Cid& cid, const Node& node) {
  if (!is_file(node.data)) fail(ErrorCode::invalid_model, "{} is no file", cid.text());
  if (node.data.block_sizes.size() != node.pb.links.size()) {
    fail(ErrorCode::invalid_model, "{}: {} links with {} sizes", cid.text(), node.pb.links.size(),
         node.data.block_sizes.size());
  }
  uint64_t sum = node.data.data ? node.data.data->size() : 0;
  for (const uint64_t size : node.data.block_sizes) {
    if (size > ~uint64_t{0} - sum) fail(ErrorCode::invalid_model, "{}: sizes beyond 64 bits", cid.text());
    sum += size;
  }
  if (node.data.file_size.value_or(sum) != sum) {
    fail(ErrorCode::invalid_model, "{}: says {} bytes, but its parts have {}", cid.text(), *node.data.file_size, sum);
  }
  return sum;
}

void check_entry_name(const Cid& folder, std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 4096 || name.find('/') != std::string_view::npos ||
      name.find('\0') != std::string_view::npos) {
    fail(ErrorCode::invalid_model, "{}: the name \"{}\" leads elsewhere", folder.text(), printable(name));
  }
}

/// One shard: its fanout in bits and the characters of a slot number.
struct Shard {
  unsigned bits = 0;
  size_t digits = 0;
};

Shard check_shard(const Cid& cid, const Node& node) {
  const uint64_t fanout = node.data.fanout.value_or(0);
  if (node.data.hash_type.value_or(0) != kHamtMurmur3 || !std::has_single_bit(fanout) || fanout < 8 ||
      fanout > kMaxHamtFanout) {
    fail(ErrorCode::invalid_model,
         "{}: a HAMT with hash 0x{:x} and fanout {}; expected 0x22 and a power of two up to {}", cid.text(),
         node.data.hash_type.value_or(0), fanout, kMaxHamtFanout);
  }
  size_t bits_set = 0;
  for (const char c : node.data.data.value_or(""))
    bits_set += static_cast<size_t>(std::popcount(static_cast<uint8_t>(c)));
  if (bits_set != node.pb.links.size() || node.data.data.value_or("").size() > fanout / 8) {
    fail(ErrorCode::invalid_model, "{}: a HAMT whose bits do not fit its {} links", cid.text(), node.pb.links.size());
  }
  return {static_cast<unsigned>(std::countr_zero(fanout)), fmt::format("{:X}", fanout - 1).size()};
}

/// Reads the entries below a shard; every name must hash to the place where it is.
class HamtLister {
 public:
  HamtLister(BlockSource& source, std::vector<UnixFsEntry>& out) : source_(source), out_(out) {}

  void list(const Cid& cid, const Node& node, uint64_t prefix, unsigned used) {
    const Shard shard = check_shard(cid, node);
    if (used + shard.bits > 64) fail(ErrorCode::invalid_model, "{}: a HAMT that is too deep", cid.text());
    std::string last;
    for (const PbLink& link : node.pb.links) {
      const std::string name = link.name.value_or("");
      if (name.size() < shard.digits || (!last.empty() && name.substr(0, shard.digits) <= last)) {
        fail(ErrorCode::invalid_model, "{}: slots of a HAMT are out of order", cid.text());
      }
      last = name.substr(0, shard.digits);
      uint64_t slot = 0;
      for (const char c : last) {
        const size_t digit = std::string_view("0123456789ABCDEF").find(c);
        if (digit == std::string_view::npos) fail(ErrorCode::invalid_model, "{}: no slot of a HAMT", cid.text());
        slot = slot * 16 + digit;
      }
      if (slot >> shard.bits != 0) fail(ErrorCode::invalid_model, "{}: no slot of a HAMT", cid.text());
      const uint64_t path = prefix << shard.bits | slot;
      const unsigned depth = used + shard.bits;
      if (name.size() == shard.digits) {
        const Node below = decode_node(link.cid, get_block(source_, link.cid));
        if (below.data.type != UnixFs::Type::hamt_shard || below.pb.links.empty()) {
          fail(ErrorCode::invalid_model, "{}: no shard of a HAMT", link.cid.text());
        }
        list(link.cid, below, path, depth);
      } else {
        std::string entry = name.substr(shard.digits);
        check_entry_name(cid, entry);
        if (hamt_hash(entry) >> (64 - depth) != path) {
          fail(ErrorCode::invalid_model, "{}: the name \"{}\" is at the wrong place of a HAMT", cid.text(),
               printable(entry));
        }
        if (out_.size() == kMaxEntries) fail(ErrorCode::invalid_model, "a folder of more than {} entries", kMaxEntries);
        out_.push_back({std::move(entry), link.cid, link.total_bytes.value_or(0)});
      }
    }
  }

 private:
  BlockSource& source_;
  std::vector<UnixFsEntry>& out_;
};

/// The entry of a name, by the shards on the way to it only.
std::optional<Cid> find_in_hamt(BlockSource& source, Cid cid, Node node, std::string_view name) {
  const uint64_t hash = hamt_hash(name);
  for (unsigned used = 0;;) {
    const Shard shard = check_shard(cid, node);
    if (used + shard.bits > 64) fail(ErrorCode::invalid_model, "{}: a HAMT that is too deep", cid.text());
    const std::string slot = fmt::format("{:0{}X}", hash << used >> (64 - shard.bits), shard.digits);
    used += shard.bits;
    const PbLink* below = nullptr;
    for (const PbLink& link : node.pb.links) {
      if (link.name.value_or("").starts_with(slot)) below = &link;
    }
    if (below == nullptr) return std::nullopt;
    if (below->name->size() > slot.size()) {
      return std::string_view(*below->name).substr(slot.size()) == name ? std::optional(below->cid) : std::nullopt;
    }
    cid = below->cid;
    node = decode_node(cid, get_block(source, cid));
    if (node.data.type != UnixFs::Type::hamt_shard)
      fail(ErrorCode::invalid_model, "{}: no shard of a HAMT", cid.text());
  }
}

/// Sends the part of a file that lies in [begin, end).
class FileSender {
 public:
  FileSender(BlockSource& source, uint64_t begin, uint64_t end, const std::function<void(std::string_view)>& write)
      : source_(source), begin_(begin), end_(end), write_(write) {}

  /// `expected` is what the parent says; ~0 for the root.
  void send(const Cid& cid, uint64_t at, uint64_t expected, int depth) {
    if (depth > kMaxFileDepth)
      fail(ErrorCode::invalid_model, "{}: a file deeper than {} nodes", cid.text(), kMaxFileDepth);
    const std::string block = get_block(source_, cid);
    const auto check_size = [&](uint64_t size) {
      if (expected != ~uint64_t{0} && size != expected) {
        fail(ErrorCode::invalid_model, "{} has {} bytes of the file, its parent says {}", cid.text(), size, expected);
      }
    };
    if (cid.is(Codec::raw)) {
      check_size(block.size());
      send_bytes(block, at);
      return;
    }
    const Node node = decode_node(cid, block);
    check_size(file_bytes_of(cid, node));
    if (node.data.data) {
      send_bytes(*node.data.data, at);
      at += node.data.data->size();
    }
    for (size_t i = 0; i < node.pb.links.size() && at < end_; ++i) {
      const uint64_t size = node.data.block_sizes[i];
      // An empty part may hold no more than its own bytes: nothing is to be gained from reading it.
      if (size > 0 && at + size > begin_) send(node.pb.links[i].cid, at, size, depth + 1);
      at += size;
    }
  }

 private:
  void send_bytes(std::string_view bytes, uint64_t at) {
    const uint64_t from = std::max(begin_, at);
    const uint64_t to = std::min(end_, at + bytes.size());
    if (from < to) write_(bytes.substr(from - at, to - from));
  }

  BlockSource& source_;
  uint64_t begin_;
  uint64_t end_;
  const std::function<void(std::string_view)>& write_;
};

}  // namespace

std::string get_block(BlockSource& source, const Cid& cid) {
  return cid.is_identity() ? cid.hash().digest : source.get(cid);
}

void walk_blocks(BlockSource& source, const Cid& root,
                 const std::function<bool(const Cid& cid, const std::string& block)>& visit, const WalkLimits& limits) {
  struct Step {
    Cid cid;
    int depth = 0;
  };
  std::vector<Step> work = {{root, 0}};
  std::unordered_set<Cid> seen;
  while (!work.empty()) {
    const Step step = std::move(work.back());
    work.pop_back();
    if (!seen.insert(step.cid).second) continue;
    if (step.depth > limits.max_depth) {
      fail(ErrorCode::invalid_model, "{} is deeper than {} blocks", root.text(), limits.max_depth);
    }
    if (seen.size() > limits.max_blocks) {
      fail(ErrorCode::invalid_model, "{} has more than {} blocks", root.text(), limits.max_blocks);
    }
    const std::string block = get_block(source, step.cid);
    if (!visit(step.cid, block)) continue;
    std::vector<Cid> links = links_of(step.cid, block);
    for (auto link = links.rbegin(); link != links.rend(); ++link) work.push_back({std::move(*link), step.depth + 1});
  }
}

UnixFsInfo UnixFsReader::info(const Cid& cid) {
  const std::string block = get_block(source_, cid);
  UnixFsInfo out;
  if (cid.is(Codec::raw)) {
    out.size_bytes = block.size();
    return out;
  }
  const Node node = decode_node(cid, block);
  if (is_folder(node.data)) {
    out.kind = UnixFsInfo::Kind::folder;
  } else if (node.data.type == UnixFs::Type::symlink) {
    out.kind = UnixFsInfo::Kind::symlink;
    out.target = node.data.data.value_or("");
  } else {
    out.size_bytes = file_bytes_of(cid, node);
  }
  return out;
}

std::vector<UnixFsEntry> UnixFsReader::list(const Cid& folder) {
  std::vector<UnixFsEntry> out;
  if (folder.is(Codec::raw)) fail(ErrorCode::invalid_argument, "{} is a file; expected a folder", folder.text());
  const Node node = decode_node(folder, get_block(source_, folder));
  if (node.data.type == UnixFs::Type::hamt_shard) {
    HamtLister(source_, out).list(folder, node, 0, 0);
  } else if (node.data.type == UnixFs::Type::directory) {
    for (const PbLink& link : node.pb.links) {
      check_entry_name(folder, link.name.value_or(""));
      out.push_back({*link.name, link.cid, link.total_bytes.value_or(0)});
    }
  } else {
    fail(ErrorCode::invalid_argument, "{} is no folder", folder.text());
  }
  std::sort(out.begin(), out.end(), [](const UnixFsEntry& a, const UnixFsEntry& b) { return a.name < b.name; });
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i].name == out[i - 1].name) {
      fail(ErrorCode::invalid_model, "{}: the name \"{}\" is there twice", folder.text(), printable(out[i].name));
    }
  }
  return out;
}

std::optional<Cid> UnixFsReader::resolve(const Cid& root, std::string_view path) {
  Cid at = root;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (name.empty()) continue;
    if (at.is(Codec::raw)) return std::nullopt;
    const Node node = decode_node(at, get_block(source_, at));
    std::optional<Cid> found;
    if (node.data.type == UnixFs::Type::hamt_shard) {
      found = find_in_hamt(source_, at, node, name);
    } else if (node.data.type == UnixFs::Type::directory) {
      for (const PbLink& link : node.pb.links) {
        if (link.name == name && !found) found = link.cid;
      }
    }
    // The names that list() refuses lead nowhere.
    if (!found || name == "." || name == "..") return std::nullopt;
    at = *found;
  }
  return at;
}

void UnixFsReader::read(const Cid& file, uint64_t offset, uint64_t size,
                        const std::function<void(std::string_view)>& write) {
  const uint64_t end = size > ~uint64_t{0} - offset ? ~uint64_t{0} : offset + size;
  FileSender(source_, offset, end, write).send(file, 0, ~uint64_t{0}, 0);
}

std::string UnixFsReader::read_all(const Cid& file, uint64_t max_bytes) {
  std::string out;
  read(file, 0, ~uint64_t{0}, [&](std::string_view bytes) {
    if (bytes.size() > max_bytes - out.size()) {
      fail(ErrorCode::invalid_model, "{} has more than {} bytes", file.text(), max_bytes);
    }
    out += bytes;
  });
  return out;
}

}  // namespace accelerate::store
