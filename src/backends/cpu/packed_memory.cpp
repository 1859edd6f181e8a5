#include "backends/cpu/packed_memory.h"

#include <mutex>

#include "tensor/tensor.h"

namespace accelerate::cpu {
namespace {

constexpr size_t kRegionBytes = size_t{16} << 20;

struct Region {
  std::shared_ptr<void> memory = allocate_aligned(kRegionBytes);
  size_t used_bytes = 0;
};

}  // namespace

std::shared_ptr<void> allocate_packed(size_t size_bytes) {
  if (size_bytes > kRegionBytes / 2) return allocate_aligned(size_bytes);
  // The region that is being filled; it lives as long as a piece of it does.
  static std::mutex mutex;
  static std::weak_ptr<Region> filling;
  size_t rounded = (size_bytes + 63) / 64 * 64;
  std::lock_guard lock(mutex);
  std::shared_ptr<Region> region = filling.lock();
  if (!region || region->used_bytes + rounded > kRegionBytes) {
    region = std::make_shared<Region>();
    filling = region;
  }
  void* piece = static_cast<char*>(region->memory.get()) + region->used_bytes;
  region->used_bytes += rounded;
  return {std::move(region), piece};
}

}  // namespace accelerate::cpu
