#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace accelerate::store {

/// Hash functions that the store computes, by their multicodec.
enum class HashFunction : uint64_t {
  identity = 0x00,
  sha2_256 = 0x12,
  blake3 = 0x1e,
};

/// Longest content that is its own hash.
constexpr size_t kMaxIdentityBytes = 128;
/// Longest digest of any function.
constexpr size_t kMaxDigestBytes = 128;

/// A hash and the function that made it.
/// Source: multiformats/multihash.
struct Multihash {
  uint64_t code = 0;
  std::string digest;

  std::string bytes() const;
  /// Takes one from the front. Functions that the store cannot compute are accepted.
  /// Errors: invalid_model for a digest above kMaxDigestBytes, or one that is no whole digest of its function.
  static Multihash take(std::string_view& in, std::string_view what);
};

/// Name as in the multicodec table ("sha2-256"), or its number.
std::string name_of_hash(uint64_t code);
/// Errors: invalid_argument for an unknown name.
HashFunction parse_hash(std::string_view name);

/// The digest of `bytes`. Thread-safe; allocates nothing but the result.
/// Errors: invalid_argument for identity above kMaxIdentityBytes; unsupported_format for a function that is not ours.
std::string digest_of(uint64_t code, std::string_view bytes, size_t digest_bytes = 32);
std::string sha256_digest(std::string_view bytes);
Multihash hash_of(HashFunction function, std::string_view bytes);

}  // namespace accelerate::store
