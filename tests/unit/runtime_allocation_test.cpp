// With warm shapes, a call allocates nothing: every allocation of the process is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#include "tests/unit/runtime_support.h"

namespace {
std::atomic<long> allocations{0};
}

extern "C" {
void* __libc_malloc(size_t);
void* __libc_memalign(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_calloc(size_t, size_t);
void* malloc(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
}

namespace accelerate {
namespace {

TEST(Allocation, TheCounterCounts) {
  long before = allocations.load();
  auto* p = new std::string(100, 'x');
  EXPECT_GT(allocations.load(), before);
  delete p;
}

TEST(Allocation, WarmCallsAllocateNothing) {
  test::SmallEncoder encoder;
  for (int threads : {1, 2}) {
    InferenceSession session({.device = "cpu", .threads = {.num_threads = threads}});
    Model model = session.load(encoder.graph, encoder.weights);
    auto small = encoder.inputs(1, 9);
    auto large = encoder.inputs(3, 33);
    auto small_out = model.execute(small);
    auto large_out = model.execute(large);
    for (int i = 0; i < 3; ++i) {
      long before = allocations.load();
      model.execute_into(small, small_out);
      model.execute_into(large, large_out);
      EXPECT_EQ(allocations.load() - before, 0) << threads << " threads, round " << i;
    }
  }
}

}  // namespace
}  // namespace accelerate
