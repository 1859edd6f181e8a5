#include "store/multihash.h"

#include <openssl/evp.h>

#include <memory>

#include "base/error.h"
#include "store/blake3_c.h"
#include "store/varint.h"

namespace accelerate::store {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Fetched once: an implicit fetch takes locks on each call.
const EVP_MD* fetched_sha256() {
  static EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (method == nullptr)
    fail(ErrorCode::internal, "OpenSSL offers no SHA-256; check that its default provider is enabled");
  return method;
}

}  // namespace

std::string Multihash::bytes() const {
  std::string out;
  out.reserve(digest.size() + 4);
  append_varint(out, code);
  append_varint(out, digest.size());
  return out + digest;
}

Multihash Multihash::take(std::string_view& in, std::string_view what) {
  Multihash out;
  out.code = take_varint(in, what);
  const uint64_t size = take_varint(in, what);
  if (size > kMaxDigestBytes) {
    fail(ErrorCode::invalid_model, "{}: a hash of {} bytes; expected at most {}", what, size, kMaxDigestBytes);
  }
  if (out.code == static_cast<uint64_t>(HashFunction::sha2_256) && size != 32) {
    fail(ErrorCode::invalid_model, "{}: a sha2-256 of {} bytes; expected 32", what, size);
  }
  // Shorter ones could be forged.
  if (out.code != static_cast<uint64_t>(HashFunction::identity) && size < 20) {
    fail(ErrorCode::invalid_model, "{}: a hash of {} bytes; expected at least 20", what, size);
  }
  out.digest = take_bytes(in, size, what);
  return out;
}

std::string name_of_hash(uint64_t code) {
  switch (static_cast<HashFunction>(code)) {
    case HashFunction::identity: return "identity";
    case HashFunction::sha2_256: return "sha2-256";
    case HashFunction::blake3: return "blake3";
  }
  return fmt::format("0x{:x}", code);
}

HashFunction parse_hash(std::string_view name) {
  for (const HashFunction f : {HashFunction::identity, HashFunction::sha2_256, HashFunction::blake3}) {
    if (name == name_of_hash(static_cast<uint64_t>(f))) return f;
  }
  fail(ErrorCode::invalid_argument, "there is no hash \"{}\"; expected sha2-256, blake3 or identity", printable(name));
}

std::string sha256_digest(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string out(32, '\0');
  unsigned int size = 0;
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), fetched_sha256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1 || size != 32) {
    fail(ErrorCode::internal, "OpenSSL failed to hash {} bytes", bytes.size());
  }
  return out;
}

std::string digest_of(uint64_t code, std::string_view bytes, size_t digest_bytes) {
  switch (static_cast<HashFunction>(code)) {
    case HashFunction::identity:
      if (bytes.size() > kMaxIdentityBytes) {
        fail(ErrorCode::invalid_argument, "{} bytes cannot be their own hash; expected at most {}", bytes.size(),
             kMaxIdentityBytes);
      }
      return std::string(bytes);
    case HashFunction::sha2_256: return sha256_digest(bytes);
    case HashFunction::blake3: {
      std::string out(digest_bytes, '\0');
      accelerate_blake3(bytes.data(), bytes.size(), out.data(), out.size());
      return out;
    }
  }
  fail(ErrorCode::unsupported_format, "the hash function {} cannot be computed; expected sha2-256, blake3 or identity",
       name_of_hash(code));
}

Multihash hash_of(HashFunction function, std::string_view bytes) {
  const auto code = static_cast<uint64_t>(function);
  return {code, digest_of(code, bytes)};
}

}  // namespace accelerate::store
