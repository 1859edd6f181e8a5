// Any bytes either give tensors that lie inside the file, or Error(invalid_weights).
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "import/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  const auto file = std::as_bytes(std::span(data, size));
  try {
    size_t end = 0;
    for (const import::SafetensorsEntry& entry : import::parse_safetensors(file, "fuzz").tensors) {
      size_t expected = size_of(entry.dtype);
      for (const int64_t extent : entry.shape) expected *= static_cast<size_t>(extent);
      const bool follows = end == 0 || entry.begin == end;
      if (entry.begin > size || entry.size_bytes > size - entry.begin || entry.size_bytes != expected || !follows) {
        std::abort();
      }
      end = entry.begin + entry.size_bytes;
    }
    if (end != 0 && end != size) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_weights) std::abort();
  }
  return 0;
}
