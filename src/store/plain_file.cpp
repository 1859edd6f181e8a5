#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/open_file.h"
#include "store/store_impl.h"

namespace accelerate::store {

PlainFile::PlainFile(const std::filesystem::path& path) : path_(path) {
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (descriptor_ < 0) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR) fail(ErrorCode::not_found, "there is no file {}", shown(path));
    if (reason == ELOOP) fail(ErrorCode::invalid_argument, "{} is a symlink; expected a file", shown(path));
    fail(ErrorCode::io_error, "cannot open {}: {}", shown(path), system_reason(reason));
  }
  struct stat status{};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    fail(ErrorCode::invalid_argument, "{} is no regular file", shown(path));
  }
}

PlainFile::~PlainFile() {
  close(descriptor_);
}

FileStamp PlainFile::stamp() const {
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) {
    fail(ErrorCode::io_error, "cannot examine {}: {}", shown(path_), system_reason(errno));
  }
  return {static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          static_cast<uint64_t>(status.st_ino)};
}

void PlainFile::read_at(uint64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const ssize_t got = pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io_error, "cannot read {}: {}", shown(path_), system_reason(errno));
    if (got == 0) fail(ErrorCode::io_error, "{} shrank while it was read", shown(path_));
    into = into.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

FolderLock::FolderLock(const std::filesystem::path& file, bool exclusive, const CallLimits& limits) {
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ErrorCode::io_error, "cannot open {}: {}", shown(file), system_reason(errno));
  while (flock(descriptor_, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    const int reason = errno;
    try {
      if (reason != EWOULDBLOCK && reason != EINTR) {
        fail(ErrorCode::io_error, "cannot lock {}: {}", shown(file), system_reason(reason));
      }
      limits.check();
    } catch (...) {
      close(descriptor_);
      throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

FolderLock::~FolderLock() {
  close(descriptor_);
}

}  // namespace accelerate::store
