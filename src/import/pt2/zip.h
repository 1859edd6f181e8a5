#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace accelerate::import {

/// Limits on what an archive may claim.
struct ZipLimits {
  size_t max_entries = 200'000;
  /// Of the inflated entries together.
  uint64_t max_inflated_bytes = uint64_t{2} << 30;
  /// Inflated over compressed size of one entry, where the inflated size is above 1 MiB.
  uint64_t max_ratio = 200;
};

/// One file of an archive: the bytes [offset, offset + stored_bytes) of the archive.
struct ZipEntry {
  std::string name;
  bool is_deflated = false;
  uint64_t offset = 0;
  uint64_t stored_bytes = 0;
  uint64_t size_bytes = 0;
  uint32_t crc32 = 0;
};

/// The directory of a zip archive, read strictly: the local headers must say what the central directory says, and the
/// entries must lie one behind the other without touching each other. Folders are left out.
/// Refused: truncation, a preamble, several disks, encryption, methods other than stored and deflated, names that are
/// absolute, hold "..", a backslash or a control character, names given twice, and what is beyond the limits.
/// `what` names the file in errors. Errors: invalid_model.
/// Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5 (zip64 included).
std::vector<ZipEntry> parse_zip(std::span<const std::byte> file, std::string_view what, const ZipLimits& limits = {});

/// The content of an entry, inflated if need be and checked against its size and checksum. Errors: invalid_model.
std::string read_zip_entry(std::span<const std::byte> file, const ZipEntry& entry, std::string_view what);

/// A mapped zip archive. Stored entries are views of the map.
class ZipArchive {
 public:
  /// Errors: invalid_model as parse_zip; io_error if the file fails.
  explicit ZipArchive(std::shared_ptr<MappedFile> file, const ZipLimits& limits = {});

  /// Null if there is no such entry.
  const ZipEntry* find(std::string_view name) const;
  /// In the order of the archive.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Errors: invalid_model if there is none, or as read_zip_entry, or if it is larger than max_bytes.
  std::string read(std::string_view name, uint64_t max_bytes) const;
  /// The bytes of a stored entry, in the map; its checksum is not looked at. Errors: invalid_model for a deflated one.
  std::span<const std::byte> view(const ZipEntry& entry) const;
  const std::shared_ptr<MappedFile>& file() const { return file_; }
  std::string description() const { return file_->path().native(); }

 private:
  std::shared_ptr<MappedFile> file_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, size_t, std::less<>> index_;
};

}  // namespace accelerate::import
