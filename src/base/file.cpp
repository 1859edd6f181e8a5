#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/open_file.h"

namespace accelerate {

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string shown(const std::filesystem::path& path) { return "'" + printable(path.native(), 400) + "'"; }

std::string system_reason(int error_number) { return std::generic_category().message(error_number); }

OpenFile open_regular_file(const std::filesystem::path& path, const std::filesystem::path& shown_as) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR) {
      fail(ErrorCode::not_found, "there is no file {}", shown(shown_as));
    }
    fail(ErrorCode::io_error, "cannot open {}: {}", shown(shown_as), system_reason(reason));
  }
  OpenFile file(descriptor, 0);
  struct stat status {};
  if (fstat(descriptor, &status) != 0) {
    fail(ErrorCode::io_error, "cannot examine {}: {}", shown(shown_as), system_reason(errno));
  }
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io_error, "{} is a folder; expected a file", shown(shown_as));
  if (!S_ISREG(status.st_mode)) {
    fail(ErrorCode::io_error, "{} is a device, pipe or socket; expected a regular file", shown(shown_as));
  }
  return {OpenFile(dup_guard_free(file), static_cast<size_t>(status.st_size))};
}

}  // namespace accelerate
