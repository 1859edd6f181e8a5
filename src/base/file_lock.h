#pragma once
#include <filesystem>
#include <optional>

namespace accelerate {

/// A lock on a file that other processes wait for; given up when the object goes or the process ends.
class FileLock {
 public:
  /// Takes it if it is free. Errors: io_error.
  static std::optional<FileLock> try_take(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace accelerate
