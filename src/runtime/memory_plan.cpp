#include <algorithm>
#include <numeric>

#include "runtime/plan.h"

namespace accelerate {

size_t plan_memory(std::vector<Block>& blocks) {
  constexpr size_t kAlign = 64;
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return blocks[a].size_bytes > blocks[b].size_bytes; });
  std::vector<size_t> placed;  // sorted by offset
  size_t total = 0;
  for (size_t i : order) {
    Block& block = blocks[i];
    size_t size = (block.size_bytes + kAlign - 1) / kAlign * kAlign;
    size_t offset = 0;
    for (size_t j : placed) {
      const Block& other = blocks[j];
      if (other.last_step < block.first_step || block.last_step < other.first_step) continue;
      if (other.offset >= offset + size) break;
      offset = std::max(offset, other.offset + (other.size_bytes + kAlign - 1) / kAlign * kAlign);
    }
    block.offset = offset;
    total = std::max(total, offset + size);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i,
                                   [&](size_t a, size_t b) { return blocks[a].offset < blocks[b].offset; }),
                  i);
  }
  return total;
}

}  // namespace accelerate
