#include <algorithm>
#include <bit>

#include "base/error.h"
#include "store/dag_pb.h"
#include "store/import.h"
#include "store/unixfs.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

uint64_t load64(std::string_view bytes, size_t at, size_t size) {
  uint64_t out = 0;
  for (size_t i = 0; i < size; ++i) out |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  return out;
}

uint64_t mixed(uint64_t k) {
  k ^= k >> 33U;
  k *= 0xff51afd7ed558ccdU;
  k ^= k >> 33U;
  k *= 0xc4ceb9fe1a85ec53U;
  return k ^ k >> 33U;
}

/// Bytes that a link adds to the block of its folder.
uint64_t link_bytes(const FolderEntry& entry) {
  const size_t cid = entry.tree.cid.bytes().size();
  const size_t name = entry.name.size();
  const size_t body =
      1 + varint_size(cid) + cid + 1 + varint_size(name) + name + 1 + varint_size(entry.tree.total_bytes);
  return 1 + varint_size(body) + body;
}

uint64_t estimated_bytes(const std::vector<FolderEntry>& entries, FolderSize estimate) {
  uint64_t out = estimate == FolderSize::block ? 4 : 0;  // the field with the node's type
  for (const FolderEntry& e : entries) {
    out += estimate == FolderSize::block ? link_bytes(e) : e.name.size() + e.tree.cid.bytes().size();
  }
  return out;
}

ImportedTree put_node(const PbNode& node, const ImportOptions& options, BlockSink& sink) {
  const std::string block = encode_dag_pb(node);
  ImportedTree out;
  out.cid = Cid::of(options.cid_version, Codec::dag_pb, options.hash, block);
  out.total_bytes = block.size();
  for (const PbLink& link : node.links) out.total_bytes += link.total_bytes.value_or(0);
  sink.put(out.cid, block);
  return out;
}

struct Hashed {
  uint64_t hash = 0;
  const FolderEntry* entry = nullptr;
};

/// Writes the shard of entries that share the first `used` bits of their hashes. Entries are sorted by hash.
class HamtBuilder {
 public:
  HamtBuilder(const ImportOptions& options, BlockSink& sink)
      : options_(options),
        sink_(sink),
        bits_(static_cast<unsigned>(std::countr_zero(options.hamt_fanout))),
        digits_(fmt::format("{:X}", options.hamt_fanout - 1).size()) {}

  ImportedTree shard(std::span<const Hashed> entries, unsigned used) {
    if (used + bits_ > 64) {
      fail(ErrorCode::invalid_argument, "names of a folder whose hashes collide: {} and {}",
           printable(entries[0].entry->name), printable(entries[1].entry->name));
    }
    PbNode node;
    std::string field(options_.hamt_fanout / 8, '\0');
    for (size_t begin = 0; begin < entries.size();) {
      const uint64_t slot = slot_of(entries[begin], used);
      size_t end = begin + 1;
      while (end < entries.size() && slot_of(entries[end], used) == slot) ++end;
      std::string name = fmt::format("{:0{}X}", slot, digits_);
      if (end - begin == 1) {
        const FolderEntry& e = *entries[begin].entry;
        node.links.push_back({e.tree.cid, name + e.name, e.tree.total_bytes});
      } else {
        const ImportedTree below = shard(entries.subspan(begin, end - begin), used + bits_);
        node.links.push_back({below.cid, std::move(name), below.total_bytes});
      }
      field[field.size() - 1 - slot / 8] |= static_cast<char>(1U << (slot % 8));
      begin = end;
    }
    UnixFs data;
    data.type = UnixFs::Type::hamt_shard;
    data.data = field.substr(std::min(field.find_first_not_of('\0'), field.size()));
    data.hash_type = kHamtMurmur3;
    data.fanout = options_.hamt_fanout;
    node.data = encode_unixfs(data);
    return put_node(node, options_, sink_);
  }

 private:
  uint64_t slot_of(const Hashed& entry, unsigned used) const { return entry.hash << used >> (64 - bits_); }

  const ImportOptions& options_;
  BlockSink& sink_;
  unsigned bits_;
  size_t digits_;
};

}  // namespace

uint64_t hamt_hash(std::string_view name) {
  constexpr uint64_t kC1 = 0x87c37b91114253d5U;
  constexpr uint64_t kC2 = 0x4cf5ad432745937fU;
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  const auto mix1 = [](uint64_t k) { return std::rotl(k * kC1, 31) * kC2; };
  const auto mix2 = [](uint64_t k) { return std::rotl(k * kC2, 33) * kC1; };
  size_t at = 0;
  for (; name.size() - at >= 16; at += 16) {
    h1 = (std::rotl(h1 ^ mix1(load64(name, at, 8)), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ mix2(load64(name, at + 8, 8)), 31) + h1) * 5 + 0x38495ab5;
  }
  const size_t rest = name.size() - at;
  if (rest > 8) h2 ^= mix2(load64(name, at + 8, rest - 8));
  if (rest > 0) h1 ^= mix1(load64(name, at, std::min<size_t>(rest, 8)));
  h1 ^= name.size();
  h2 ^= name.size();
  h1 += h2;
  h2 += h1;
  h1 = mixed(h1);
  h2 = mixed(h2);
  return h1 + h2;
}

ImportedTree import_folder(std::vector<FolderEntry> entries, const ImportOptions& options, BlockSink& sink) {
  options.check();
  std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  uint64_t file_bytes = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& name = entries[i].name;
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      fail(ErrorCode::invalid_argument, "\"{}\" cannot be a name in a folder", printable(name));
    }
    if (i > 0 && name == entries[i - 1].name) {
      fail(ErrorCode::invalid_argument, "the name \"{}\" is twice in a folder", printable(name));
    }
    file_bytes += entries[i].tree.file_bytes;
  }
  ImportedTree out;
  if (options.hamt_threshold_bytes > 0 &&
      estimated_bytes(entries, options.hamt_estimate) > options.hamt_threshold_bytes) {
    std::vector<Hashed> hashed;
    hashed.reserve(entries.size());
    for (const FolderEntry& e : entries) hashed.push_back({hamt_hash(e.name), &e});
    std::sort(hashed.begin(), hashed.end(), [](const Hashed& a, const Hashed& b) { return a.hash < b.hash; });
    out = HamtBuilder(options, sink).shard(hashed, 0);
  } else {
    PbNode node;
    for (FolderEntry& e : entries) node.links.push_back({e.tree.cid, std::move(e.name), e.tree.total_bytes});
    UnixFs data;
    data.type = UnixFs::Type::directory;
    node.data = encode_unixfs(data);
    out = put_node(node, options, sink);
  }
  out.file_bytes = file_bytes;
  return out;
}

}  // namespace accelerate::store
