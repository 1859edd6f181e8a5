#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/cid.h"
#include "store/pull.h"

namespace accelerate::store {

/// Threads that fetch blocks from several sources; see pull().
class BlockFetch {
 public:
  BlockFetch(const PullOptions& options, const CallLimits& limits);
  ~BlockFetch();
  BlockFetch(const BlockFetch&) = delete;
  BlockFetch& operator=(const BlockFetch&) = delete;

  /// Calls take once for each different CID with its verified block; one call at a time, in any order and thread.
  /// Returns when all are there. Errors: as pull's; what take throws.
  void fetch(const std::vector<Cid>& cids, const std::function<void(const Cid& cid, const std::string& block)>& take);

  PullResult result() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accelerate::store
