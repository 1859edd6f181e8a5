#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
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

/// Writes all bytes at a position of an open file. Errors: io_error, which names the file `shown_as`.
void write_all_at(int descriptor, uint64_t offset, std::string_view bytes, const std::filesystem::path& shown_as);

/// Gives an open file its name for good: content, then name, reach the disk. Errors: io_error; the old file of that
/// name is then still there.
void put_in_place(int descriptor, const std::filesystem::path& from, const std::filesystem::path& to);

/// A path, safe to print.
std::string shown(const std::filesystem::path& path);
/// What the operating system calls an errno value.
std::string system_reason(int error_number);

}  // namespace accelerate
