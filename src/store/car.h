#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/cid.h"

namespace accelerate::store {

/// Largest block that is taken from anyone.
constexpr uint64_t kMaxBlockBytes = 4 << 20;

/// Fills the begin of `into` and returns how many bytes; 0 at the end.
using ReadBytes = std::function<size_t(std::span<char> into)>;
using WriteBytes = std::function<void(std::string_view bytes)>;

/// Where a block of a CAR lies: the offset of its section in the data of version 1.
struct CarIndexEntry {
  Multihash hash;
  uint64_t offset = 0;
};

/// The format multihash-index-sorted, with its codec in front.
std::string encode_car_index(std::vector<CarIndexEntry> entries);
/// Errors: invalid_model, also for entries that are out of order.
std::vector<CarIndexEntry> decode_car_index(std::string_view bytes);

/// Reads blocks in the order of the archive, each of them verified.
/// Source: IPLD specification, transport/car (versions 1 and 2).
class CarReader {
 public:
  /// Reads the header. Errors: invalid_model for what is no CAR; as read's.
  explicit CarReader(ReadBytes read);

  int version() const { return version_; }
  const std::vector<Cid>& roots() const { return roots_; }

  struct Block {
    Cid cid;
    std::string bytes;
    /// Of its section in the data of version 1.
    uint64_t offset = 0;
  };
  /// False at the end. Errors: invalid_model for a truncated or padded archive, a block above kMaxBlockBytes or one
  /// that is not what its CID says; unsupported_format for a hash function that is not ours.
  bool next(Block& block);
  /// The index of an archive of version 2, after next() has returned false; nothing if it has none.
  /// Errors: invalid_model, also for an entry where no such block was.
  std::vector<CarIndexEntry> read_index();

 private:
  size_t fill(char* into, size_t size);
  std::string take(size_t size, std::string_view what);
  void skip(uint64_t size);
  /// The size in front of a section; false at the end of the data.
  bool take_size(uint64_t& size);

  ReadBytes read_;
  std::string buffer_;
  size_t at_ = 0;          // in buffer_
  uint64_t position_ = 0;  // in the archive
  int version_ = 1;
  uint64_t data_begin_ = 0;
  uint64_t data_end_ = ~uint64_t{0};  // of version 2
  uint64_t index_begin_ = 0;
  std::vector<Cid> roots_;
  std::vector<CarIndexEntry> seen_;
};

/// Writes version 1.
class CarWriter {
 public:
  CarWriter(WriteBytes write, const std::vector<Cid>& roots);
  void put(const Cid& cid, std::string_view block);
  uint64_t size_bytes() const { return size_bytes_; }
  /// Of the blocks so far, identity CIDs left out.
  std::vector<CarIndexEntry> take_index() { return std::move(index_); }

 private:
  WriteBytes write_;
  uint64_t size_bytes_ = 0;
  std::vector<CarIndexEntry> index_;
};

/// What stands in front of the data of an archive of version 2 with an index right behind it.
std::string car_v2_prefix(uint64_t data_bytes);
constexpr uint64_t kCarV2PrefixBytes = 51;

}  // namespace accelerate::store
