#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "store/store.h"

namespace accelerate::store {

struct PullOptions {
  /// Trustless gateways: "http://HOST:PORT".
  std::vector<std::string> sources;
  /// At once, of each source.
  int connections = 4;
  bool pin = true;
  std::string pin_name;
  /// A source that sends slower than this for so long is given up.
  uint64_t min_bytes_per_second = 1024;
  int stall_ms = 15'000;
  /// Most bytes of content.
  uint64_t max_bytes = ~uint64_t{0};
};

/// What a source did.
struct PulledFrom {
  std::string url;
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  /// Why it was given up; empty if it was not.
  std::string dropped;
};

struct PullResult {
  uint64_t fetched_blocks = 0;
  uint64_t fetched_bytes = 0;
  std::vector<PulledFrom> sources;
};

/// Fetches all blocks below a CID that the store does not have, from all sources at once, each verified as it arrives.
/// Large files become whole files of the store. A source that lies, stalls, redirects or fails thrice in a row is given
/// up, and what it was asked for is asked of another. What was fetched before a fault or a kill is not fetched again.
/// Errors: invalid_argument without sources; not_found if no source has a block; io_error if all sources are given up,
/// with their reasons; as Store's.
PullResult pull(Store& store, const Cid& cid, const PullOptions& options, const StoreCall& call = {});

}  // namespace accelerate::store
