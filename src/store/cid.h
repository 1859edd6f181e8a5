#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/multibase.h"
#include "store/multihash.h"

namespace accelerate::store {

/// How the bytes of a block are read, by multicodec.
enum class Codec : uint64_t {
  raw = 0x55,
  dag_pb = 0x70,
  dag_cbor = 0x71,
  dag_json = 0x0129,
};

/// Name as in the multicodec table ("dag-pb"), or its number.
std::string name_of_codec(uint64_t codec);

/// The name of a block: what its bytes are and what they hash to.
/// Source: multiformats/cid.
class Cid {
 public:
  /// No block; only to be assigned to.
  Cid() = default;
  /// Errors: invalid_argument for a version 0 that is not dag-pb with sha2-256.
  Cid(int version, uint64_t codec, const Multihash& hash);
  Cid(int version, Codec codec, const Multihash& hash) : Cid(version, static_cast<uint64_t>(codec), hash) {}

  /// Of a block that is to be named. Errors: as the constructor's and hash_of's.
  static Cid of(int version, Codec codec, HashFunction function, std::string_view block);
  /// Takes one from the front of bytes. Errors: invalid_model naming `what`.
  static Cid take(std::string_view& in, std::string_view what);
  /// Errors: invalid_model, also for bytes behind it.
  static Cid from_bytes(std::string_view bytes, std::string_view what);
  /// Errors: invalid_argument.
  static Cid parse(std::string_view text);

  int version() const { return version_; }
  uint64_t codec() const { return codec_; }
  bool is(Codec codec) const { return codec_ == static_cast<uint64_t>(codec); }
  /// The multihash as bytes: the name of the block whatever its codec.
  const std::string& hash_bytes() const { return hash_; }
  Multihash hash() const;
  bool is_identity() const { return !hash_.empty() && hash_[0] == 0; }
  bool empty() const { return hash_.empty(); }

  std::string bytes() const;
  /// Version 0: base58btc without a prefix, whatever `base`; version 1: multibase.
  std::string text(Multibase base = Multibase::base32) const;

  /// True if the block has this name. Errors: unsupported_format for a hash function that is not ours.
  bool matches(std::string_view block) const;
  /// Throws Error(invalid_model) unless matches().
  void check(std::string_view block) const;

  friend bool operator==(const Cid&, const Cid&) = default;
  friend std::strong_ordering operator<=>(const Cid&, const Cid&) = default;

 private:
  int version_ = 1;
  uint64_t codec_ = 0;
  std::string hash_;
};

}  // namespace accelerate::store

template <>
struct std::hash<accelerate::store::Cid> {
  size_t operator()(const accelerate::store::Cid& cid) const noexcept {
    return std::hash<std::string>()(cid.hash_bytes()) ^ (cid.codec() * 0x9E3779B97F4A7C15U);
  }
};
