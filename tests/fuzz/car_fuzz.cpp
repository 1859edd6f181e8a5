// Any bytes give blocks that are what their CIDs say, or Error.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/car.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  using namespace accelerate::store;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    size_t at = 0;
    CarReader reader([&](std::span<char> into) {
      const size_t n = std::min({into.size(), size - at, size_t{61}});
      bytes.copy(into.data(), n, at);
      at += n;
      return n;
    });
    for (CarReader::Block block; reader.next(block);) {
      if (!block.cid.matches(block.bytes)) std::abort();
    }
    reader.read_index();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model && e.code() != ErrorCode::unsupported_format) std::abort();
  }
  try {
    const std::vector<CarIndexEntry> entries = decode_car_index(bytes);
    if (decode_car_index(encode_car_index(entries)).size() != entries.size()) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model && e.code() != ErrorCode::unsupported_format) std::abort();
  }
  return 0;
}
