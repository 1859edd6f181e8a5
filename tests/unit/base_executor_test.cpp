#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/executor.h"

namespace {
std::atomic<int64_t> num_allocations{0};
}  // namespace

// Counts what the program allocates, for AllocatesNothing. malloc and free, so that sanitizers still see it.
__attribute__((noinline)) void* operator new(size_t size) {
  num_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* p) noexcept {
  std::free(p);
}
__attribute__((noinline)) void operator delete(void* p, size_t) noexcept {
  std::free(p);
}

namespace accelerate {
namespace {

TEST(Executor, RunsEachTaskOnceOnAKnownThread) {
  for (const int num_threads : {1, 2, 3, 8}) {
    Executor executor({.num_threads = num_threads});
    ASSERT_EQ(executor.num_threads(), num_threads);
    for (const int64_t num_tasks : {0, 1, 2, 3, 7, 64, 1000}) {
      std::vector<std::atomic<int>> counts(num_tasks);
      std::atomic<bool> thread_ok{true};
      executor.parallel_for(num_tasks, [&](int64_t task, int thread) {
        counts[task].fetch_add(1);
        if (thread < 0 || thread >= num_threads) thread_ok = false;
      });
      for (const auto& count : counts) EXPECT_EQ(count.load(), 1);
      EXPECT_TRUE(thread_ok);
    }
  }
}

TEST(Executor, ResultsOfTasksAreVisibleToTheCaller) {
  Executor executor({.num_threads = 4});
  std::vector<int> values(17);
  for (int round = 0; round < 5000; ++round) {
    executor.parallel_for(17, [&](int64_t task, int) { values[task] = round + static_cast<int>(task); });
    for (int task = 0; task < 17; ++task) ASSERT_EQ(values[task], round + task);
  }
}

TEST(Executor, RethrowsTheFirstExceptionAndStaysUsable) {
  for (const int num_threads : {1, 3}) {
    Executor executor({.num_threads = num_threads});
    for (int round = 0; round < 50; ++round) {
      EXPECT_THROW(executor.parallel_for(100,
                                         [](int64_t task, int) {
                                           if (task == 37) throw std::runtime_error("task 37");
                                         }),
                   std::runtime_error);
      std::atomic<int> count{0};
      executor.parallel_for(10, [&](int64_t, int) { count.fetch_add(1); });
      EXPECT_EQ(count.load(), 10);
    }
  }
}

TEST(Executor, NestedCallsRunInlineOnTheSameThread) {
  Executor executor({.num_threads = 3});
  std::atomic<int> count{0};
  std::atomic<bool> same_thread{true};
  executor.parallel_for(8, [&](int64_t, int outer) {
    const auto id = std::this_thread::get_id();
    executor.parallel_for(5, [&](int64_t, int inner) {
      if (inner != outer || std::this_thread::get_id() != id) same_thread = false;
      count.fetch_add(1);
    });
  });
  EXPECT_EQ(count.load(), 40);
  EXPECT_TRUE(same_thread);
}

TEST(Executor, CallersOfSeveralThreadsAreSerialised) {
  Executor executor({.num_threads = 2});
  std::vector<std::thread> callers;
  std::vector<std::atomic<int>> thread_busy(2);
  std::atomic<int64_t> sum{0};
  std::atomic<bool> overlap{false};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        executor.parallel_for(6, [&](int64_t task, int thread) {
          if (thread_busy[thread].fetch_add(1) != 0) overlap = true;
          sum.fetch_add(task);
          thread_busy[thread].fetch_sub(1);
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum.load(), 4 * 300 * 15);
  EXPECT_FALSE(overlap);
}

TEST(Executor, AllocatesNothing) {
  Executor executor({.num_threads = 2});
  std::atomic<int64_t> sum{0};
  const auto body = [&](int64_t task, int) { sum.fetch_add(task); };
  executor.parallel_for(10, body);
  const int64_t before = num_allocations.load();
  for (int round = 0; round < 1000; ++round) executor.parallel_for(10, body);
  EXPECT_EQ(num_allocations.load(), before);
  EXPECT_EQ(sum.load(), 1001 * 45);
}

TEST(Executor, IdleThreadsUseNoProcessorTime) {
  Executor executor({.num_threads = 4});
  executor.parallel_for(16, [](int64_t, int) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto cpu_seconds = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(cpu_seconds() - before, 0.05);
}

TEST(Executor, MoreThreadsThanCoresStillFinishes) {
  Executor executor({.num_threads = 4 * available_cores()});
  int64_t total = 0;
  for (int round = 0; round < 200; ++round) {
    std::atomic<int64_t> sum{0};
    executor.parallel_for(64, [&](int64_t task, int) { sum.fetch_add(task); });
    total += sum.load();
  }
  EXPECT_EQ(total, 200 * 2016);
}

TEST(Executor, PinsThreadsAndRefusesBadRequests) {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed)) ++cpu;
  Executor pinned({.num_threads = 2, .cpus = {cpu}});
  std::atomic<int> workers_elsewhere{0};
  pinned.parallel_for(64, [&](int64_t, int thread) {
    if (thread == 1 && sched_getcpu() != cpu) workers_elsewhere.fetch_add(1);
  });
  EXPECT_EQ(workers_elsewhere.load(), 0);
  EXPECT_THROW(Executor({.num_threads = 2, .cpus = {1 << 20}}), Error);
  EXPECT_THROW(Executor({.num_threads = 2, .cpus = {-1}}), Error);
#endif
  EXPECT_THROW(Executor({.num_threads = -1}), Error);
  EXPECT_THROW(Executor({.num_threads = 1 << 20}), Error);
}

TEST(Executor, AvailableCoresIsWhatDefaultUses) {
  EXPECT_GE(available_cores(), 1);
  EXPECT_EQ(Executor().num_threads(), available_cores());
}

TEST(CpuFeatures, ListsPortableFirstAndNamesAll) {
  ASSERT_FALSE(supported_isas().empty());
  EXPECT_EQ(supported_isas().front(), Isa::portable);
  for (const Isa isa : supported_isas()) {
    setenv("ACCELERATE_ISA", std::string(name_of(isa)).c_str(), 1);
    EXPECT_EQ(selected_isa(), isa);
  }
  setenv("ACCELERATE_ISA", "mmx", 1);
  try {
    selected_isa();
    ADD_FAILURE() << "an unknown name was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(error.message().find("portable"), std::string::npos) << error.message();
  }
  unsetenv("ACCELERATE_ISA");
  EXPECT_EQ(selected_isa(), supported_isas().back());
  EXPECT_FALSE(cpu_model_name().empty());
}

}  // namespace
}  // namespace accelerate
