// Any bytes that are accepted as dag-cbor or dag-json are what the encoder writes, and hold within the limits.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/ipld.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  using namespace accelerate::store;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const Ipld value = decode_dag_cbor(bytes);
    if (encode_dag_cbor(value) != bytes) std::abort();
    // What dag-json can hold comes back from it; a map with the key "/" cannot be held.
    try {
      if (encode_dag_cbor(decode_dag_json(encode_dag_json(value), {.max_depth = 300, .max_values = 1 << 24})) != bytes)
        std::abort();
    } catch (const Error& e) {
      if (e.code() != ErrorCode::invalid_argument) std::abort();
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  try {
    if (encode_dag_json(decode_dag_json(bytes)) != bytes) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  return 0;
}
