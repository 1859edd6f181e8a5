#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/cid.h"

namespace accelerate::store {

/// Gives blocks that are verified.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  /// Errors: not_found if there is none; invalid_model if what is there is not the block.
  virtual std::string get(const Cid& cid) = 0;
  /// True if get() would find one without a network.
  virtual bool has(const Cid& cid) = 0;
};

/// As source.get, but blocks inside their CID need no source.
std::string get_block(BlockSource& source, const Cid& cid);

/// Bounds of a walk over blocks that others made.
struct WalkLimits {
  /// Levels below the root. Trees of honest writers have fewer than 10.
  int max_depth = 1024;
  uint64_t max_blocks = uint64_t{1} << 32U;
};

/// Calls visit once for each different block below root, parents first, children in order; leaves of files are read
/// too. visit returns false to leave out what is below. Errors: as get_block; invalid_model beyond a limit.
void walk_blocks(BlockSource& source, const Cid& root,
                 const std::function<bool(const Cid& cid, const std::string& block)>& visit,
                 const WalkLimits& limits = {});

}  // namespace accelerate::store
