// Any text is a CID whose text reads back as the same CID, or Error(invalid_argument).
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "store/cid.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace accelerate;
  using namespace accelerate::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Cid cid = Cid::parse(text);
    for (const Multibase base :
         {Multibase::base16, Multibase::base32, Multibase::base36, Multibase::base58btc, Multibase::base64url}) {
      if (Cid::parse(cid.text(base)) != cid) std::abort();
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_argument) std::abort();
  }
  try {
    if (Cid::from_bytes(text, "fuzz").bytes() != text) std::abort();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::invalid_model) std::abort();
  }
  return 0;
}
