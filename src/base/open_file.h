#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

namespace accelerate {

/// An open regular file; closed by the destructor.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_bytes_(other.size_bytes_) {}
  OpenFile& operator=(OpenFile&&) = delete;
  int descriptor() const { return descriptor_; }
  size_t size_bytes() const { return size_bytes_; }
  void set_size_bytes(size_t size_bytes) { size_bytes_ = size_bytes; }

 private:
  int descriptor_;
  size_t size_bytes_ = 0;
};

/// Opens for reading without ever waiting (a named pipe is refused, not awaited). Errors name the file `shown_as`:
/// not_found; io_error (no permission, a folder, a device).
OpenFile open_regular_file(const std::filesystem::path& path, const std::filesystem::path& shown_as);

/// The whole content. Errors: as above; invalid_model if larger than max_bytes.
std::string read_regular_file(const std::filesystem::path& path, const std::filesystem::path& shown_as,
                              size_t max_bytes);

/// A path, safe to print.
std::string shown(const std::filesystem::path& path);
/// What the operating system calls an errno value.
std::string system_reason(int error_number);

}  // namespace accelerate
