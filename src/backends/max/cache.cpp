#include "backends/max/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <system_error>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/hash.h"

namespace accelerate::max_engine {
namespace {

namespace fs = std::filesystem;

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

fs::path base_folder() {
  if (const char* own = std::getenv("ACCELERATE_CACHE_DIR"); own != nullptr && *own != '\0') return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0')
    return fs::path(xdg) / "ipfs-accelerate";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "ipfs-accelerate";
  return {};
}

/// Why the folder cannot be used; nothing if it can. Makes it if it is missing.
std::optional<std::string> prepare(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fmt::format("cannot make {}: {}", printable(folder.string(), 1000), reason_of(errno));
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fmt::format("{} is no folder", printable(folder.string(), 1000));
  // What is loaded from here runs as this user.
  if (info.st_uid != geteuid()) return fmt::format("{} belongs to another user", printable(folder.string(), 1000));
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fmt::format("{} is open to other users (chmod 700 it)", printable(folder.string(), 1000));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    return fmt::format("{} cannot be written: {}", printable(folder.string(), 1000), reason_of(errno));
  return std::nullopt;
}

/// Removes the temporary folder when the process ends.
struct TemporaryFolder {
  fs::path path;
  ~TemporaryFolder() {
    std::error_code error;
    if (!path.empty()) fs::remove_all(path, error);
  }
};

CacheFolder make(const std::string& version) {
  CacheFolder out;
  fs::path base = base_folder();
  std::optional<std::string> why = "neither ACCELERATE_CACHE_DIR nor HOME is set";
  if (!base.empty()) {
    out.root = base / "max" / version;
    why = prepare(out.root);
    for (const fs::path& part : {out.graphs(), out.engine()})
      if (!why) why = prepare(part);
  }
  if (!why) return out;
  static TemporaryFolder temporary;
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "ipfs-accelerate-max-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    fail(ErrorCode::io_error, "no folder for compiled graphs: {}; and no temporary folder: {}", *why, reason_of(errno));
  temporary.path = pattern;
  out.root = pattern;
  out.lasting = false;
  out.note = "compiled graphs are not kept: " + *why;
  for (const fs::path& part : {out.graphs(), out.engine()})
    if (auto fault = prepare(part)) fail(ErrorCode::io_error, "no folder for compiled graphs: {}", *fault);
  return out;
}

}  // namespace

const CacheFolder& cache_folder(const std::string& version) {
  static std::mutex mutex;
  static std::optional<CacheFolder> folder;  // one engine a process
  std::lock_guard lock(mutex);
  if (!folder) folder = make(version);
  return *folder;
}

std::string machine_key() {
  return sha256_hex(cpu_model_name() + "\n" + std::string(name_of(supported_isas().back()))).substr(0, 16);
}

std::optional<FileLock> FileLock::try_take(const fs::path& path) {
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) fail(ErrorCode::io_error, "cannot open {}: {}", printable(path.string(), 1000), reason_of(errno));
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK)
    fail(ErrorCode::io_error, "cannot lock {}: {}", printable(path.string(), 1000), reason_of(errno));
  return std::nullopt;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace accelerate::max_engine
