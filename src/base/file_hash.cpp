#include "base/file_hash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <vector>

#include "base/cache_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/open_file.h"

namespace accelerate {
namespace {

/// Smaller files are hashed in less time than a look into the cache takes.
constexpr size_t kMinCachedBytes = size_t{4} << 20;
constexpr size_t kPieceBytes = size_t{1} << 20;
/// A file that was changed so recently could change again within one tick of its times.
constexpr int64_t kSettledNs = 2'000'000'000;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// What changes with any change of a file's content.
std::string stamp_of(const struct stat& status) {
  return fmt::format("{} {} {} {} {}", status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                     nanoseconds(status.st_ctim));
}

struct stat status_of(const OpenFile& file, const std::filesystem::path& path) {
  struct stat status{};
  if (fstat(file.descriptor(), &status) != 0)
    fail(ErrorCode::io_error, "cannot examine {}: {}", shown(path), system_reason(errno));
  return status;
}

/// The cache's entry of a file; empty if there is no private folder to keep it in.
std::filesystem::path entry_of(const std::filesystem::path& path) {
  const std::filesystem::path root = cache_root();
  if (root.empty()) return {};
  const std::filesystem::path folder = root / "hashes";
  if (prepare_private_folder(folder)) return {};
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? std::filesystem::path() : folder / sha256_hex(real.native());
}

std::string hash_content(const OpenFile& file, const std::filesystem::path& path) {
  Sha256 hash;
  std::vector<std::byte> piece(std::min(kPieceBytes, std::max<size_t>(file.size_bytes(), 1)));
  posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL);
  for (;;) {
    const ssize_t got = read(file.descriptor(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io_error, "cannot read {}: {}", shown(path), system_reason(errno));
    if (got == 0) return hash.finish_hex();
    hash.update(std::span(piece).first(static_cast<size_t>(got)));
  }
}

}  // namespace

std::string file_sha256(const std::filesystem::path& path) {
  const OpenFile file = open_regular_file(path, path);
  if (file.size_bytes() < kMinCachedBytes) return hash_content(file, path);
  const struct stat before = status_of(file, path);
  const std::string stamp = stamp_of(before);
  const std::filesystem::path entry = entry_of(path);
  constexpr size_t kDigits = 64;
  std::error_code ignored;
  if (!entry.empty() && std::filesystem::exists(entry, ignored)) {
    try {
      const std::string known = read_file(entry, 4096);
      if (known.size() == kDigits + 1 + stamp.size() && known.ends_with(stamp)) return known.substr(0, kDigits);
    } catch (const Error&) {
      // An entry that cannot be read is made again.
    }
  }
  std::string digest = hash_content(file, path);
  const int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const bool settled = nanoseconds(before.st_ctim) + kSettledNs < now && stamp_of(status_of(file, path)) == stamp;
  if (!entry.empty() && settled) {
    try {
      write_file_atomic(entry, digest + " " + stamp);
    } catch (const Error&) {
      // The cache saves time; it is not needed.
    }
  }
  return digest;
}

}  // namespace accelerate
