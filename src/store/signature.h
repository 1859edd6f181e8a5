#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/cid.h"

namespace accelerate::store {

/// A private Ed25519 key.
class SigningKey {
 public:
  static SigningKey generate();
  /// A PEM file (PKCS #8), as save and `openssl genpkey -algorithm ed25519` write it. Errors: not_found;
  /// invalid_argument for another kind of key, or a file that others may read; io_error.
  static SigningKey load(const std::filesystem::path& file);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;

  /// For its owner alone; a file that is there is not replaced. Errors: io_error.
  void save(const std::filesystem::path& file) const;
  /// "did:key:z6Mk...". Source: W3C CCG, the did:key method; multicodec ed25519-pub.
  std::string public_text() const;
  /// 64 bytes. Source: RFC 8032.
  std::string sign(std::string_view message) const;

 private:
  struct Impl;
  explicit SigningKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Errors: invalid_argument for what is no public Ed25519 key in the form of public_text().
void check_public_key(std::string_view text);
/// Errors: as check_public_key's.
bool verify_signature(std::string_view public_text, std::string_view message, std::string_view signature);

/// What a publisher has signed.
struct Publication {
  Cid cid;
  std::string name;
  /// "2026-01-31T12:00:00Z", by the publisher's clock.
  std::string published;
  /// Public keys whose signatures hold; at least one.
  std::vector<std::string> signers;
};

/// A detached record that says "I have published this CID under this name": a DSSE envelope around an in-toto
/// statement whose subject is ipfs://CID. Source: secure-systems-lab/dsse, in-toto attestation v1.
std::string sign_publication(const SigningKey& key, const Cid& cid, std::string_view name);
/// Errors: invalid_model for another form, and if no signature of it holds.
Publication verify_publication(std::string_view record);

constexpr size_t kMaxRecordBytes = 64 << 10;

}  // namespace accelerate::store
