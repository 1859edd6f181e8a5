#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace accelerate {

/// A read-only memory map of a whole file.
///
/// A page that cannot be read (the file was truncated while mapped, or the disk failed) never ends the process: the
/// whole map then reads as zeros, in every thread, and is poisoned for good. So whoever computes from mapped bytes
/// calls check() afterwards and discards the result if it throws.
class MappedFile {
 public:
  /// Errors: not_found, io_error (directory, permission, special file).
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  /// Maps `path`, which errors and path() call `shown_as`.
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path, const std::filesystem::path& shown_as);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_bytes_}; }
  const std::filesystem::path& path() const { return path_; }
  /// Tells the kernel that the whole pages inside [offset, offset + size) are no longer needed; they stay readable.
  void release_pages(size_t offset, size_t size) const;

  /// True once a read of a page has failed; from then on the bytes are zeros.
  bool poisoned() const noexcept;
  /// Throws Error(io_error) naming the file if poisoned().
  void check() const;

 private:
  MappedFile() = default;
  const std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
  std::filesystem::path path_;
  void* guard_ = nullptr;
};

/// How many maps have been poisoned since the process started: unchanged across a run means that every page was read.
uint64_t num_poisoned_maps() noexcept;

/// A folder of model files, by name relative to its root: the only way importers and preprocessors read.
/// Names with "..", absolute names and names that resolve outside the root are refused. A root inside a Hugging Face
/// hub cache (models--ORG--NAME/snapshots/REVISION) may link to anything inside its models--ORG--NAME folder.
class FileSet {
 public:
  virtual ~FileSet() = default;
  /// True if read(name) would find a file; false for names that are refused for their form.
  virtual bool contains(std::string_view name) const = 0;
  /// The content. Errors: not_found; io_error; invalid_model if larger than max_bytes or if the name is refused.
  virtual std::string read(std::string_view name, size_t max_bytes = size_t{256} << 20) const = 0;
  virtual std::shared_ptr<MappedFile> map(std::string_view name) const = 0;
  /// All names, sorted; folders below the root included, as "1_Pooling/config.json"; hidden folders left out.
  virtual std::vector<std::string> list() const = 0;
  /// What a person calls this set: a path or a CID.
  virtual std::string description() const = 0;

  std::optional<std::string> read_if_present(std::string_view name, size_t max_bytes = size_t{256} << 20) const;
};

/// Errors: not_found, io_error if the folder does not exist or is not a folder.
std::shared_ptr<FileSet> open_folder(const std::filesystem::path& root);

/// The files below `folder` of a set, named relative to it; an empty folder name gives the set itself.
/// Errors: invalid_model if the name is refused.
std::shared_ptr<FileSet> sub_folder(std::shared_ptr<FileSet> files, std::string_view folder);

/// Throws Error(invalid_model) unless name is a relative path of plain components ("a/b.json").
void check_file_name(std::string_view name);

/// Reads a whole file. Errors as FileSet::read.
std::string read_file(const std::filesystem::path& path, size_t max_bytes = size_t{256} << 20);

/// Writes to a temporary file beside path, flushes, renames: either the old or the new content is there.
/// Errors: io_error naming the path and the reason; the temporary file is then gone.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);

}  // namespace accelerate
