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
namespace {

/// Removes a temporary file unless it has been renamed.
struct TemporaryFile {
  std::string path;
  bool kept = false;
  ~TemporaryFile() {
    if (!kept) unlink(path.c_str());
  }
};

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string shown(const std::filesystem::path& path) {
  return fmt::format("'{}'", printable(path.native(), 400));
}

std::string system_reason(int error_number) {
  return std::generic_category().message(error_number);
}

void write_all_at(int descriptor, uint64_t offset, std::string_view bytes, const std::filesystem::path& shown_as) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      fail(ErrorCode::io_error, "cannot write {}: {}", shown(shown_as), system_reason(errno));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
}

void put_in_place(int descriptor, const std::filesystem::path& from, const std::filesystem::path& to) {
  if (fsync(descriptor) != 0) fail(ErrorCode::io_error, "cannot flush {}: {}", shown(to), system_reason(errno));
  if (rename(from.c_str(), to.c_str()) != 0) {
    fail(ErrorCode::io_error, "cannot replace {}: {}", shown(to), system_reason(errno));
  }
  // The new name itself reaches the disk with the folder; file systems without that refuse, and nothing is lost.
  const std::filesystem::path folder = to.has_parent_path() ? to.parent_path() : ".";
  const OpenFile folder_file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_file.descriptor() >= 0) fsync(folder_file.descriptor());
}

OpenFile open_regular_file(const std::filesystem::path& path, const std::filesystem::path& shown_as) {
  OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.descriptor() < 0) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR) fail(ErrorCode::not_found, "there is no file {}", shown(shown_as));
    fail(ErrorCode::io_error, "cannot open {}: {}", shown(shown_as), system_reason(reason));
  }
  struct stat status{};
  if (fstat(file.descriptor(), &status) != 0) {
    fail(ErrorCode::io_error, "cannot examine {}: {}", shown(shown_as), system_reason(errno));
  }
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io_error, "{} is a folder; expected a file", shown(shown_as));
  if (!S_ISREG(status.st_mode)) {
    fail(ErrorCode::io_error, "{} is a device, pipe or socket; expected a regular file", shown(shown_as));
  }
  file.set_size_bytes(static_cast<size_t>(status.st_size));
  return file;
}

std::string read_regular_file(const std::filesystem::path& path, const std::filesystem::path& shown_as,
                              size_t max_bytes) {
  const OpenFile file = open_regular_file(path, shown_as);
  if (file.size_bytes() > max_bytes) {
    fail(ErrorCode::invalid_model, "{} has {} bytes; expected at most {}", shown(shown_as), file.size_bytes(),
         max_bytes);
  }
  std::string content(file.size_bytes(), '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = read(file.descriptor(), content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io_error, "cannot read {}: {}", shown(shown_as), system_reason(errno));
    if (got == 0) fail(ErrorCode::io_error, "{} shrank while it was read", shown(shown_as));
    done += static_cast<size_t>(got);
  }
  return content;
}

std::string read_file(const std::filesystem::path& path, size_t max_bytes) {
  return read_regular_file(path, path, max_bytes);
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content) {
  static std::atomic<uint64_t> counter{0};
  TemporaryFile temporary;
  int descriptor = -1;
  do {
    temporary.path = path.native() + fmt::format(".{}.{}.tmp", getpid(), counter.fetch_add(1));
    descriptor = open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  if (descriptor < 0) {
    temporary.kept = true;
    fail(ErrorCode::io_error, "cannot write {}: {}", shown(path), system_reason(errno));
  }
  const OpenFile file(descriptor);
  struct stat old{};
  if (stat(path.c_str(), &old) == 0 && S_ISREG(old.st_mode)) fchmod(descriptor, old.st_mode & 0777U);
  write_all_at(descriptor, 0, content, path);
  put_in_place(descriptor, temporary.path, path);
  temporary.kept = true;
}

}  // namespace accelerate
