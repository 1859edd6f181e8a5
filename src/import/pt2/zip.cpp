#include "import/pt2/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace accelerate::import {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kZip64End = 0x06064b50;
constexpr uint32_t kZip64Locator = 0x07064b50;
constexpr size_t kLocalHeaderBytes = 30;
constexpr size_t kCentralHeaderBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kZip64EndBytes = 56;
constexpr size_t kZip64LocatorBytes = 20;
constexpr size_t kMaxNameBytes = 1024;
constexpr uint16_t kEncrypted = 0x0001;
constexpr uint16_t kSizesFollow = 0x0008;
constexpr uint16_t kStrongEncryption = 0x0040;
constexpr uint16_t kMaskedHeader = 0x2000;

/// Little-endian reads with bounds, and errors that name the archive.
class Reader {
 public:
  Reader(std::span<const std::byte> file, std::string_view what) : file_(file), what_(what) {}

  template <typename... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::invalid_model, "{} is no valid zip archive: {}", printable(what_, 400),
         fmt::format(format, std::forward<Args>(args)...));
  }
  uint64_t size() const { return file_.size(); }
  void require(uint64_t offset, uint64_t count, std::string_view of) const {
    if (offset > file_.size() || count > file_.size() - offset)
      bad("{} at byte {} reaches beyond its end at {}; is the file complete?", of, offset, file_.size());
  }
  /// `count` bytes at offset, which were required before.
  uint64_t number(uint64_t offset, size_t count) const {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) value |= std::to_integer<uint64_t>(file_[offset + i]) << (8 * i);
    return value;
  }
  uint16_t u16(uint64_t offset) const { return static_cast<uint16_t>(number(offset, 2)); }
  uint32_t u32(uint64_t offset) const { return static_cast<uint32_t>(number(offset, 4)); }
  uint64_t u64(uint64_t offset) const { return number(offset, 8); }
  std::string text(uint64_t offset, uint64_t count) const {
    return {reinterpret_cast<const char*>(file_.data()) + offset, count};
  }

 private:
  std::span<const std::byte> file_;
  std::string_view what_;
};

/// Where the central directory lies.
struct Directory {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  uint64_t num_entries = 0;
  /// What follows it: the first byte of the end records.
  uint64_t end = 0;
};

Directory find_directory(const Reader& r) {
  if (r.size() < kEndBytes) r.bad("it has {} bytes; expected at least {}", r.size(), kEndBytes);
  // The end record is last, before a comment of at most 65535 bytes that must end with the file.
  const uint64_t last = r.size() - kEndBytes;
  const uint64_t lowest = last > 0xffff ? last - 0xffff : 0;
  uint64_t at = last + 1;
  while (at > lowest) {
    --at;
    if (r.u32(at) == kEnd && at + kEndBytes + r.u16(at + 20) == r.size()) break;
    if (at == lowest) r.bad("there is no end-of-directory record; is the file complete?");
  }
  if (r.u16(at + 4) != 0 || r.u16(at + 6) != 0 || r.u16(at + 8) != r.u16(at + 10))
    r.bad("it is one of several disks, which is not supported");
  Directory d{r.u32(at + 16), r.u32(at + 12), r.u16(at + 10), at};
  const bool is_zip64 = d.offset == 0xffffffff || d.size_bytes == 0xffffffff || d.num_entries == 0xffff;
  const bool has_locator = at >= kZip64LocatorBytes && r.u32(at - kZip64LocatorBytes) == kZip64Locator;
  if (is_zip64 && !has_locator) r.bad("the zip64 end-of-directory locator is missing");
  if (has_locator) {
    const uint64_t locator = at - kZip64LocatorBytes;
    const uint64_t record = r.u64(locator + 8);
    if (r.u32(locator + 4) != 0 || r.u32(locator + 16) > 1) r.bad("it is one of several disks, which is not supported");
    r.require(record, kZip64EndBytes, "the zip64 end-of-directory record");
    if (r.u32(record) != kZip64End) r.bad("the zip64 end-of-directory record at byte {} has a wrong signature", record);
    const uint64_t record_bytes = r.u64(record + 4);
    if (record > locator || record_bytes != locator - record - 12)
      r.bad("the zip64 end-of-directory record has a size of {} that does not fit", record_bytes);
    if (r.u32(record + 16) != 0 || r.u32(record + 20) != 0 || r.u64(record + 24) != r.u64(record + 32))
      r.bad("it is one of several disks, which is not supported");
    const Directory wide{r.u64(record + 48), r.u64(record + 40), r.u64(record + 32), record};
    const auto agrees = [](uint64_t narrow, uint64_t all_ones, uint64_t value) {
      return narrow == all_ones || narrow == value;
    };
    if (!agrees(d.offset, 0xffffffff, wide.offset) || !agrees(d.size_bytes, 0xffffffff, wide.size_bytes) ||
        !agrees(d.num_entries, 0xffff, wide.num_entries))
      r.bad("its two end-of-directory records contradict each other");
    d = wide;
  }
  if (d.offset > d.end || d.size_bytes != d.end - d.offset)
    r.bad("the central directory at byte {} of {} bytes does not end where the end records begin ({})", d.offset,
          d.size_bytes, d.end);
  return d;
}

void check_entry_name(const Reader& r, const std::string& name) {
  const auto refuse = [&](std::string_view why) { r.bad("the entry name '{}' {}", printable(name), why); };
  if (name.empty()) refuse("is empty");
  if (name.size() > kMaxNameBytes) refuse("is too long");
  if (name.front() == '/') refuse("is absolute");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) refuse("holds a control character");
    if (c == '\\' || c == ':') refuse("holds a character that is part of paths on some systems");
  }
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") refuse("is no plain relative path");
    begin = end + 1;
  }
}

struct Sizes {
  uint64_t size_bytes = 0;
  uint64_t stored_bytes = 0;
  uint64_t header = 0;
};

/// Replaces the sizes that are all ones by those of the zip64 extra field at [at, end).
void read_zip64_field(const Reader& r, uint64_t at, uint64_t end, Sizes& sizes, bool with_header) {
  const bool wanted =
      sizes.size_bytes == 0xffffffff || sizes.stored_bytes == 0xffffffff || (with_header && sizes.header == 0xffffffff);
  bool seen = false;
  while (at < end) {
    if (end - at < 4) r.bad("an extra field is cut off");
    const uint16_t id = r.u16(at);
    const uint64_t next = at + 4 + r.u16(at + 2);
    if (next > end) r.bad("an extra field reaches beyond its header");
    if (id == 1) {
      if (seen) r.bad("a header has two zip64 fields");
      seen = true;
      uint64_t from = at + 4;
      const auto take = [&](uint64_t& value) {
        if (value != 0xffffffff) return;
        if (next - from < 8) r.bad("a zip64 field is too short");
        value = r.u64(from);
        from += 8;
      };
      if (wanted) {
        take(sizes.size_bytes);
        take(sizes.stored_bytes);
        if (with_header) take(sizes.header);
      }
    }
    at = next;
  }
  if (wanted && !seen) r.bad("a header lacks its zip64 field");
}

/// Compares the local header with the directory's entry and finds where the content begins.
void check_local_header(const Reader& r, ZipEntry& entry, uint64_t header, uint16_t flags, uint16_t method) {
  r.require(header, kLocalHeaderBytes, "a local header");
  const std::string shown = printable(entry.name);
  if (r.u32(header) != kLocalHeader) r.bad("'{}' has no local header at byte {}", shown, header);
  const uint64_t name_bytes = r.u16(header + 26);
  const uint64_t extra_bytes = r.u16(header + 28);
  r.require(header + kLocalHeaderBytes, name_bytes + extra_bytes, "a local header");
  if (r.text(header + kLocalHeaderBytes, name_bytes) != entry.name)
    r.bad("'{}' is '{}' in its local header", shown, printable(r.text(header + kLocalHeaderBytes, name_bytes)));
  if (r.u16(header + 8) != method || ((r.u16(header + 6) ^ flags) & (kEncrypted | kSizesFollow | kMaskedHeader)) != 0)
    r.bad("'{}' has another method or other flags in its local header", shown);
  const uint64_t extra = header + kLocalHeaderBytes + name_bytes;
  Sizes sizes{r.u32(header + 22), r.u32(header + 18), 0};
  const uint32_t crc = r.u32(header + 14);
  // Where the sizes follow the content, the local header may leave them and the checksum out.
  const bool left_out = (flags & kSizesFollow) != 0 && sizes.size_bytes == 0 && sizes.stored_bytes == 0 && crc == 0;
  const bool in_field = sizes.size_bytes == 0xffffffff || sizes.stored_bytes == 0xffffffff;
  read_zip64_field(r, extra, extra + extra_bytes, sizes, false);
  const bool follow_in_field =
      (flags & kSizesFollow) != 0 && in_field && sizes.size_bytes == 0 && sizes.stored_bytes == 0;
  if (!left_out && !follow_in_field &&
      (sizes.size_bytes != entry.size_bytes || sizes.stored_bytes != entry.stored_bytes || crc != entry.crc32))
    r.bad("'{}' has another size or checksum in its local header", shown);
  entry.offset = extra + extra_bytes;
  r.require(entry.offset, entry.stored_bytes, fmt::format("'{}'", shown));
}

}  // namespace

std::vector<ZipEntry> parse_zip(std::span<const std::byte> file, std::string_view what, const ZipLimits& limits) {
  const Reader r(file, what);
  const Directory directory = find_directory(r);
  if (directory.num_entries > limits.max_entries)
    r.bad("it has {} entries; expected at most {}", directory.num_entries, limits.max_entries);
  if (directory.num_entries > directory.size_bytes / kCentralHeaderBytes)
    r.bad("a central directory of {} bytes cannot hold {} entries", directory.size_bytes, directory.num_entries);

  struct Span {
    uint64_t begin, end;
    size_t entry;
  };
  std::vector<ZipEntry> entries;
  std::vector<Span> spans;
  std::vector<std::string> names;  // folders too
  uint64_t inflated = 0;
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.num_entries; ++i) {
    if (directory.end - at < kCentralHeaderBytes || r.u32(at) != kCentralHeader)
      r.bad("entry {} of the central directory is cut off or has a wrong signature", i);
    const uint64_t name_bytes = r.u16(at + 28);
    const uint64_t extra_bytes = r.u16(at + 30);
    const uint64_t next = at + kCentralHeaderBytes + name_bytes + extra_bytes + r.u16(at + 32);
    if (next > directory.end) r.bad("entry {} of the central directory is cut off", i);
    ZipEntry entry;
    entry.name = r.text(at + kCentralHeaderBytes, name_bytes);
    const bool is_folder = !entry.name.empty() && entry.name.back() == '/';
    check_entry_name(r, is_folder ? entry.name.substr(0, entry.name.size() - 1) : entry.name);
    const std::string shown = printable(entry.name);
    const uint16_t flags = r.u16(at + 8);
    const uint16_t method = r.u16(at + 10);
    if ((flags & (kEncrypted | kStrongEncryption | kMaskedHeader)) != 0) r.bad("'{}' is encrypted", shown);
    if (method != 0 && method != 8)
      r.bad("'{}' is compressed with method {}; expected stored (0) or deflated (8)", shown, method);
    if (r.u16(at + 34) != 0) r.bad("'{}' lies on another disk", shown);
    Sizes sizes{r.u32(at + 24), r.u32(at + 20), r.u32(at + 42)};
    const uint64_t extra = at + kCentralHeaderBytes + name_bytes;
    read_zip64_field(r, extra, extra + extra_bytes, sizes, true);
    entry.is_deflated = method == 8;
    entry.size_bytes = sizes.size_bytes;
    entry.stored_bytes = sizes.stored_bytes;
    entry.crc32 = r.u32(at + 16);
    if (!entry.is_deflated && entry.size_bytes != entry.stored_bytes)
      r.bad("'{}' is stored in {} bytes and claims {}", shown, entry.stored_bytes, entry.size_bytes);
    if (entry.is_deflated) {
      constexpr uint64_t kSmall = uint64_t{1} << 20;
      if (entry.size_bytes > kSmall && entry.size_bytes / limits.max_ratio > entry.stored_bytes)
        r.bad("'{}' claims to inflate from {} to {} bytes; expected at most {} times", shown, entry.stored_bytes,
              entry.size_bytes, limits.max_ratio);
      if (entry.size_bytes > limits.max_inflated_bytes - inflated)
        r.bad("its entries inflate to more than {} bytes", limits.max_inflated_bytes);
      inflated += entry.size_bytes;
    }
    check_local_header(r, entry, sizes.header, flags, method);
    spans.push_back({sizes.header, entry.offset + entry.stored_bytes, static_cast<size_t>(i)});
    names.push_back(entry.name);
    if (is_folder && entry.size_bytes != 0) r.bad("the folder '{}' has content", shown);
    if (!is_folder) entries.push_back(std::move(entry));
    at = next;
  }
  if (at != directory.end) r.bad("the central directory has {} bytes behind its last entry", directory.end - at);

  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  for (size_t i = 0; i < spans.size(); ++i) {
    const uint64_t end = i + 1 < spans.size() ? spans[i + 1].begin : directory.offset;
    if (spans[i].end > end)
      r.bad("'{}' overlaps {}", printable(names[spans[i].entry]),
            i + 1 < spans.size() ? "'" + printable(names[spans[i + 1].entry]) + "'" : "the central directory");
  }
  if (!spans.empty() && spans.front().begin != 0) r.bad("{} bytes precede its first entry", spans.front().begin);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) r.bad("it holds '{}' twice", printable(*twice));
  return entries;
}

std::string read_zip_entry(std::span<const std::byte> file, const ZipEntry& entry, std::string_view what) {
  const Reader r(file, what);
  r.require(entry.offset, entry.stored_bytes, "an entry");
  const auto* stored = reinterpret_cast<const char*>(file.data()) + entry.offset;
  const std::string shown = printable(entry.name);
  std::string content;
  if (!entry.is_deflated) {
    content.assign(stored, entry.stored_bytes);
  } else {
    content.resize(entry.size_bytes);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(ErrorCode::out_of_memory, "no memory to inflate '{}'", shown);
    // zlib counts in 32 bits: input and output are handed over in pieces, with one byte of room more than claimed, so
    // that an entry that is longer than it claims shows itself.
    constexpr uint64_t kPiece = uint64_t{1} << 30;
    uint64_t read = 0;
    uint64_t written = 0;
    char beyond = 0;
    int state = Z_OK;
    while (state == Z_OK) {
      if (stream.avail_in == 0 && read < entry.stored_bytes) {
        const uint64_t count = std::min(kPiece, entry.stored_bytes - read);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stored + read));
        stream.avail_in = static_cast<uInt>(count);
        read += count;
      }
      const bool is_full = written == entry.size_bytes;
      const uint64_t room = is_full ? 1 : std::min(kPiece, entry.size_bytes - written);
      stream.next_out = reinterpret_cast<Bytef*>(is_full ? &beyond : content.data() + written);
      stream.avail_out = static_cast<uInt>(room);
      state = inflate(&stream, Z_NO_FLUSH);
      const uint64_t made = room - stream.avail_out;
      if (is_full && made != 0) state = Z_DATA_ERROR;
      if (!is_full) written += made;
    }
    const bool all_read = stream.avail_in == 0 && read == entry.stored_bytes;
    inflateEnd(&stream);
    if (state != Z_STREAM_END || !all_read || written != entry.size_bytes)
      r.bad("'{}' does not inflate to the {} bytes that it claims", shown, entry.size_bytes);
  }
  uLong crc = crc32(0, nullptr, 0);
  for (size_t done = 0; done < content.size();) {
    const size_t count = std::min<size_t>(content.size() - done, size_t{1} << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(content.data() + done), static_cast<uInt>(count));
    done += count;
  }
  if (static_cast<uint32_t>(crc) != entry.crc32)
    r.bad("the content of '{}' has the checksum {:08x}; expected {:08x}", shown, static_cast<uint32_t>(crc),
          entry.crc32);
  return content;
}

ZipArchive::ZipArchive(std::shared_ptr<MappedFile> file, const ZipLimits& limits) : file_(std::move(file)) {
  try {
    entries_ = parse_zip(file_->bytes(), description(), limits);
  } catch (const Error&) {
    file_->check();  // a file that shrinks while it is read is no malformed archive
    throw;
  }
  file_->check();
  for (size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].name, i);
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

std::string ZipArchive::read(std::string_view name, uint64_t max_bytes) const {
  const ZipEntry* entry = find(name);
  if (entry == nullptr) fail(ErrorCode::invalid_model, "{} has no entry '{}'", description(), printable(name));
  if (entry->size_bytes > max_bytes)
    fail(ErrorCode::invalid_model, "the entry '{}' of {} has {} bytes; expected at most {}", printable(name),
         description(), entry->size_bytes, max_bytes);
  std::string content = read_zip_entry(file_->bytes(), *entry, description());
  file_->check();
  return content;
}

std::span<const std::byte> ZipArchive::view(const ZipEntry& entry) const {
  if (entry.is_deflated)
    fail(ErrorCode::invalid_model, "the entry '{}' of {} is compressed; expected tensors to be stored as they are",
         printable(entry.name), description());
  return file_->bytes().subspan(entry.offset, entry.stored_bytes);
}

}  // namespace accelerate::import
