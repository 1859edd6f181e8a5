#pragma once
// Proof that this machine and user made a file: native code is loaded only with it.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace accelerate {

/// What compiled code depends on beside what it was compiled from: the CPU and its instruction set.
std::string machine_key();

/// HMAC-SHA-256 (RFC 2104) as 64 hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view message);

/// Seals with a secret key that lies in a file of its owner alone below cache_root(); it is made on first use.
class Sealer {
 public:
  /// Errors: io_error if the key can be neither read nor made, or if others can read it.
  static Sealer of_this_machine();
  explicit Sealer(std::string key) : key_(std::move(key)) {}

  /// purpose: what kind of file it is, so that one kind never passes for another. The machine is part of the seal.
  std::string seal(std::string_view purpose, std::string_view content) const;
  bool is_sealed(std::string_view purpose, std::string_view content, std::string_view seal) const;

  /// Writes content and its seal (PATH.seal) atomically, for the owner alone. Errors: io_error.
  void write(const std::filesystem::path& path, std::string_view purpose, std::string_view content) const;
  /// The content if the seal fits; nothing if either file is missing or the seal is another's.
  std::optional<std::string> read(const std::filesystem::path& path, std::string_view purpose) const;

 private:
  std::string key_;
};

}  // namespace accelerate
