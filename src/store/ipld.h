#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "store/cid.h"

namespace accelerate::store {

/// A whole number from -2^64 to 2^64 - 1: `magnitude`, or -1 - magnitude.
struct IpldInteger {
  bool negative = false;
  uint64_t magnitude = 0;
  friend bool operator==(const IpldInteger&, const IpldInteger&) = default;
};

struct IpldBytes {
  std::string value;
  friend bool operator==(const IpldBytes&, const IpldBytes&) = default;
};

/// A value of the IPLD data model. Keys of a map are unique, in any order.
struct Ipld {
  using List = std::vector<Ipld>;
  using Map = std::vector<std::pair<std::string, Ipld>>;
  using Value = std::variant<std::nullptr_t, bool, IpldInteger, double, std::string, IpldBytes, List, Map, Cid>;
  Value value = nullptr;

  Ipld() = default;
  Ipld(Value v) : value(std::move(v)) {}  // NOLINT(google-explicit-constructor): a value is one

  /// The value of a key; nullptr if this is no map or has no such key.
  const Ipld* find(std::string_view key) const;
  friend bool operator==(const Ipld&, const Ipld&) = default;
};

/// Bounds of what a decoder builds.
struct IpldLimits {
  int max_depth = 128;
  /// Values of all kinds, keys included.
  uint64_t max_values = 1 << 20;
};

/// Every link of a value, in order. Errors: none.
void collect_links(const Ipld& value, std::vector<Cid>& out);

/// Strict: what the encoder writes and nothing else, so that a value has one block.
/// Errors: invalid_model.
/// Source: IPLD specification, codecs/dag-cbor.
Ipld decode_dag_cbor(std::string_view block, const IpldLimits& limits = {});
/// Errors: invalid_argument for NaN, an infinity, text that is not UTF-8, or a key that is there twice.
std::string encode_dag_cbor(const Ipld& value);
/// Takes one value from the front; other bytes may follow.
Ipld take_dag_cbor(std::string_view& in, const IpldLimits& limits = {});

/// Strict, as above. Errors: invalid_model.
/// Source: IPLD specification, codecs/dag-json.
Ipld decode_dag_json(std::string_view block, const IpldLimits& limits = {});
/// Errors: as encode_dag_cbor's; also for a map that would be read as a link or as bytes.
std::string encode_dag_json(const Ipld& value);

/// The links of a block by its codec: none of raw. Errors: invalid_model; unsupported_format for an unknown codec.
std::vector<Cid> links_of(const Cid& cid, std::string_view block);

/// True for well-formed UTF-8 without surrogates.
bool is_utf8(std::string_view text);

}  // namespace accelerate::store
