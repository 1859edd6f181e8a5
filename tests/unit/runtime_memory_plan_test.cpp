#include <gtest/gtest.h>

#include <random>

#include "runtime/plan.h"

namespace accelerate {
namespace {

TEST(MemoryPlan, BlocksAliveTogetherNeverOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Block> blocks(1 + random() % 60);
    for (Block& b : blocks) {
      b.size_bytes = random() % 5 == 0 ? 0 : random() % 10000;
      b.first_step = static_cast<int>(random() % 40);
      b.last_step = b.first_step + static_cast<int>(random() % 10);
    }
    size_t total = plan_memory(blocks);
    for (size_t i = 0; i < blocks.size(); ++i) {
      const Block& a = blocks[i];
      EXPECT_EQ(a.offset % 64, 0U);
      EXPECT_LE(a.offset + a.size_bytes, total);
      for (size_t j = 0; j < i; ++j) {
        const Block& b = blocks[j];
        bool together = a.first_step <= b.last_step && b.first_step <= a.last_step;
        bool overlap = a.offset < b.offset + b.size_bytes && b.offset < a.offset + a.size_bytes;
        EXPECT_FALSE(together && overlap) << "blocks " << i << " and " << j << " of round " << round;
      }
    }
  }
}

TEST(MemoryPlan, ABlockIsUsedAgainWhenItsValueIsDead) {
  std::vector<Block> chain;
  for (int i = 0; i < 10; ++i) chain.push_back({4096, i, i + 1, 0});
  EXPECT_EQ(plan_memory(chain), 2 * 4096U);
}

}  // namespace
}  // namespace accelerate
