#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/open_file.h"

namespace accelerate {

std::optional<FileLock> FileLock::try_take(const std::filesystem::path& path) {
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    fail(ErrorCode::io_error, "cannot open {}: {}", printable(path.string(), 1000), system_reason(errno));
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK)
    fail(ErrorCode::io_error, "cannot lock {}: {}", printable(path.string(), 1000), system_reason(errno));
  return std::nullopt;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace accelerate
