// Signature records of strangers are refused with a typed error, or hold; ETags of strangers are names without a path.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/hub_etag.h"
#include "store/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  using namespace accelerate::store;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (verify_publication(bytes).signers.empty()) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  try {
    const std::string name = HubEtag::parse(bytes).text();
    if (name.empty() || name.find_first_of("/.") != std::string::npos) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  return 0;
}
