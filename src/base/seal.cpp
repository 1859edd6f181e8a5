#include "base/seal.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/cache_folder.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/open_file.h"

namespace accelerate {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeyDigits = 64;

/// The key if the file has one for this user alone. Errors: io_error if it exists and cannot serve.
std::optional<std::string> read_key(const fs::path& path) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0)
    fail(ErrorCode::io_error, "{} is not a file of this user alone; remove it, and compiled code is made again",
         printable(path.string(), 1000));
  std::string key = read_file(path, 4096);
  if (key.size() != kKeyDigits)
    fail(ErrorCode::io_error, "{} holds {} bytes; expected a key of {}; remove it, and compiled code is made again",
         printable(path.string(), 1000), key.size(), kKeyDigits);
  return key;
}

}  // namespace

std::string machine_key() {
  return sha256_hex(cpu_model_name() + "\n" + std::string(name_of(supported_isas().back()))).substr(0, 16);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &length) == nullptr)
    fail(ErrorCode::internal, "HMAC-SHA-256 failed");
  std::string out;
  for (unsigned int i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

Sealer Sealer::of_this_machine() {
  fs::path root = cache_root();
  if (root.empty())
    fail(ErrorCode::io_error, "no place for the key of compiled code: neither ACCELERATE_CACHE_DIR nor HOME is set");
  fs::path folder = root / "key";
  if (auto why = prepare_private_folder(folder)) fail(ErrorCode::io_error, "no key for compiled code: {}", *why);
  fs::path path = folder / "seal.key";
  if (auto key = read_key(path)) return Sealer(std::move(*key));
  char random[32];
  if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
    fail(ErrorCode::io_error, "the system gives no random numbers: {}", system_reason(errno));
  // Linked into place, so that of two processes one makes the key and both read the same.
  std::string temporary = (folder / "key.XXXXXX").string();
  int descriptor = mkstemp(temporary.data());
  std::string key = sha256_hex(std::string_view(random, sizeof random));
  bool written = descriptor >= 0 && ::write(descriptor, key.data(), key.size()) == static_cast<ssize_t>(key.size());
  bool linked = written && (link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  int reason = errno;
  if (descriptor >= 0) {
    close(descriptor);
    unlink(temporary.c_str());
  }
  if (!linked) fail(ErrorCode::io_error, "cannot write {}: {}", printable(path.string(), 1000), system_reason(reason));
  auto made = read_key(path);
  if (!made) fail(ErrorCode::io_error, "{} went away", printable(path.string(), 1000));
  return Sealer(std::move(*made));
}

std::string Sealer::seal(std::string_view purpose, std::string_view content) const {
  return hmac_sha256_hex(key_,
                         fmt::format("{}\n{}\n{}\n", purpose, machine_key(), content.size()) + sha256_hex(content));
}

bool Sealer::is_sealed(std::string_view purpose, std::string_view content, std::string_view given) const {
  std::string expected = seal(purpose, content);
  if (given.size() != expected.size()) return false;
  unsigned difference = 0;  // every digit is looked at, whatever the first ones say
  for (size_t i = 0; i < expected.size(); ++i) difference |= static_cast<unsigned char>(expected[i] ^ given[i]);
  return difference == 0;
}

void Sealer::write(const fs::path& path, std::string_view purpose, std::string_view content) const {
  write_file_atomic(path, content);
  fs::path beside = path;
  beside += ".seal";
  write_file_atomic(beside, seal(purpose, content));
}

std::optional<std::string> Sealer::read(const fs::path& path, std::string_view purpose) const {
  fs::path beside = path;
  beside += ".seal";
  std::error_code error;
  if (!fs::is_regular_file(path, error) || !fs::is_regular_file(beside, error)) return std::nullopt;
  constexpr size_t kMost = size_t{1} << 32;
  std::string content = read_file(path, kMost);
  if (!is_sealed(purpose, content, read_file(beside, 4096))) return std::nullopt;
  return content;
}

}  // namespace accelerate
