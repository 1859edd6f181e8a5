// Any bytes either give entries that lie inside the archive and do not touch, or Error(invalid_model).
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "import/pt2/zip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  const auto file = std::as_bytes(std::span(data, size));
  import::ZipLimits limits;
  limits.max_inflated_bytes = 1 << 20;
  try {
    const auto entries = import::parse_zip(file, "fuzz", limits);
    uint64_t inflated = 0;
    for (const import::ZipEntry& entry : entries) {
      if (entry.offset > size || entry.stored_bytes > size - entry.offset) std::abort();
      if (entry.is_deflated) inflated += entry.size_bytes;
      for (const import::ZipEntry& other : entries) {
        const bool apart =
            entry.offset + entry.stored_bytes <= other.offset || other.offset + other.stored_bytes <= entry.offset;
        if (&entry != &other &&
            (entry.name == other.name || (!apart && entry.stored_bytes != 0 && other.stored_bytes != 0)))
          std::abort();
      }
    }
    if (inflated > limits.max_inflated_bytes) std::abort();
    for (const import::ZipEntry& entry : entries) {
      if (import::read_zip_entry(file, entry, "fuzz").size() != entry.size_bytes) std::abort();
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  return 0;
}
