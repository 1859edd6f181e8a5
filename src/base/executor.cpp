#include "base/executor.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/error.h"

namespace accelerate {
namespace {

void cpu_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// Sleeps while *word == expected; may return early.
void wait_on(std::atomic<uint32_t>& word, uint32_t expected) {
#if defined(__linux__)
  static_assert(sizeof(word) == 4);
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
#else
  word.wait(expected);
#endif
}

void wake(std::atomic<uint32_t>& word, int num_threads) {
#if defined(__linux__)
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, num_threads, nullptr, nullptr, 0);
#else
  (void)num_threads;
  word.notify_all();
#endif
}

// How long a thread polls before it sleeps.
constexpr auto kSpinTime = std::chrono::microseconds(150);

// Polls ready() for at most kSpinTime.
template <typename Ready>
bool spin_until(Ready&& ready) {
  for (int i = 0; i < 64; ++i) {
    if (ready()) return true;
    cpu_pause();
  }
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      cpu_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

// The thread number of the task that this thread is inside of, or -1.
thread_local int current_thread = -1;

// A claim word: the epoch of a job above, the next free task below. kClosed means that the job's fields
// may be changing.
constexpr uint32_t kClosed = 0xffffffffu;
constexpr int64_t kMaxTasksPerJob = 0x7fffffff;
uint64_t claim_word(uint32_t epoch, uint32_t next) {
  return (uint64_t{epoch} << 32) | next;
}

#if defined(__linux__)
// Value of a cgroup limit file, e.g. "200000 100000" or "max 100000"; 0 if it sets no limit.
int quota_of(const std::string& quota_text, const std::string& period_text) {
  char* end = nullptr;
  const double quota = std::strtod(quota_text.c_str(), &end);
  if (end == quota_text.c_str() || quota <= 0) return 0;
  const double period = std::strtod(period_text.c_str(), &end);
  if (end == period_text.c_str() || period <= 0) return 0;
  const double cores = quota / period;
  return cores >= 1e6 ? 0 : std::max(1, static_cast<int>(cores + 0.999));
}

int cgroup_cores() {
  int limit = 0;
  const auto apply = [&limit](int cores) {
    if (cores > 0 && (limit == 0 || cores < limit)) limit = cores;
  };
  // Version 2: the limit of this group and of each group above it holds.
  std::string path;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) == 0) path = line.substr(3);
  }
  while (true) {
    std::ifstream file("/sys/fs/cgroup" + path + "/cpu.max");
    std::string quota, period;
    if (file >> quota >> period) apply(quota_of(quota, period));
    const size_t slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) break;
    path.resize(slash);
  }
  // Version 1.
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  std::string quota, period;
  if (quota_file >> quota && period_file >> period) apply(quota_of(quota, period));
  return limit;
}
#endif

}  // namespace

int available_cores() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  // The mask may need more than the fixed cpu_set_t on machines with more than 1024 processors.
  for (int num_cpus = 1024; num_cpus <= 1 << 18; num_cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(num_cpus);
    if (!set) break;
    const size_t size_bytes = CPU_ALLOC_SIZE(num_cpus);
    const bool found = sched_getaffinity(0, size_bytes, set) == 0;
    if (found) cores = CPU_COUNT_S(size_bytes, set);
    CPU_FREE(set);
    if (found) break;
  }
  if (const int limit = cgroup_cores(); limit > 0 && limit < cores) cores = limit;
#endif
  return cores > 0 ? cores : 1;
}

struct Executor::Impl {
  // Serialises callers.
  std::mutex callers;

  // The job; written only while the claim word is closed.
  std::atomic<TaskFn> fn{nullptr};
  std::atomic<void*> context{nullptr};
  std::atomic<int64_t> first_task{0};
  std::atomic<uint32_t> num_tasks{0};

  alignas(64) std::atomic<uint64_t> claim{claim_word(0, kClosed)};
  // Tasks of the job that have not finished.
  alignas(64) std::atomic<uint32_t> remaining{0};
  std::atomic<uint32_t> caller_sleeps{0};
  std::atomic<bool> failed{false};
  // Changes with each job, for sleeping workers.
  alignas(64) std::atomic<uint32_t> wake_epoch{0};
  std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stop{false};

  std::mutex failure_mutex;
  std::exception_ptr failure;
  uint32_t epoch = 0;  // of the latest job; the caller's
  std::vector<std::thread> workers;

  int num_threads() const { return static_cast<int>(workers.size()) + 1; }

  // Claims and runs tasks of the open job until none is left.
  void work(int thread) {
    uint32_t num_done = 0;
    uint64_t word = claim.load(std::memory_order_acquire);
    while (true) {
      const uint32_t next = static_cast<uint32_t>(word);
      if (next == kClosed) break;
      // These belong to the epoch in `word` if the exchange below succeeds.
      const TaskFn task_fn = fn.load(std::memory_order_relaxed);
      void* task_context = context.load(std::memory_order_relaxed);
      const int64_t task = first_task.load(std::memory_order_relaxed) + next;
      if (next >= num_tasks.load(std::memory_order_relaxed)) break;
      if (!claim.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
      word += 1;
      ++num_done;
      if (!failed.load(std::memory_order_relaxed)) {
        const int outer_thread = current_thread;
        current_thread = thread;
        try {
          task_fn(task_context, task, thread);
        } catch (...) {
          std::lock_guard lock(failure_mutex);
          if (!failure) failure = std::current_exception();
          failed.store(true, std::memory_order_relaxed);
        }
        current_thread = outer_thread;
      }
      word = claim.load(std::memory_order_acquire);
    }
    if (num_done == 0) return;
    if (remaining.fetch_sub(num_done, std::memory_order_seq_cst) == num_done &&
        caller_sleeps.load(std::memory_order_seq_cst)) {
      wake(remaining, 1);
    }
  }

  void worker_main(int thread) {
    uint32_t seen = 0;
    while (true) {
      const auto changed = [&] { return wake_epoch.load(std::memory_order_acquire) != seen; };
      if (!spin_until(changed)) {
        sleepers.fetch_add(1, std::memory_order_seq_cst);
        while (wake_epoch.load(std::memory_order_seq_cst) == seen) wait_on(wake_epoch, seen);
        sleepers.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = wake_epoch.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_acquire)) return;
      work(thread);
    }
  }

  void announce() {
    wake_epoch.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst)) wake(wake_epoch, num_threads());
  }

  void run_job(int64_t first, uint32_t count, TaskFn task_fn, void* task_context) {
    ++epoch;
    claim.store(claim_word(epoch, kClosed), std::memory_order_seq_cst);
    fn.store(task_fn, std::memory_order_relaxed);
    context.store(task_context, std::memory_order_relaxed);
    first_task.store(first, std::memory_order_relaxed);
    num_tasks.store(count, std::memory_order_relaxed);
    remaining.store(count, std::memory_order_relaxed);
    claim.store(claim_word(epoch, 0), std::memory_order_release);
    announce();
    work(0);
    const auto done = [&] { return remaining.load(std::memory_order_acquire) == 0; };
    if (spin_until(done)) return;
    caller_sleeps.store(1, std::memory_order_seq_cst);
    for (uint32_t left; (left = remaining.load(std::memory_order_seq_cst)) != 0;) wait_on(remaining, left);
    caller_sleeps.store(0, std::memory_order_relaxed);
  }

  void stop_workers() {
    stop.store(true, std::memory_order_release);
    announce();
    for (std::thread& worker : workers) worker.join();
  }
};

namespace {

#if defined(__linux__)
void pin(pthread_t thread, int cpu) {
  const int num_cpus = std::max(1024, cpu + 1);
  cpu_set_t* set = cpu < 0 ? nullptr : CPU_ALLOC(num_cpus);
  if (cpu >= 0 && !set) fail(ErrorCode::out_of_memory, "no memory for a processor set of {} processors", num_cpus);
  int error = EINVAL;
  if (set) {
    const size_t size_bytes = CPU_ALLOC_SIZE(num_cpus);
    CPU_ZERO_S(size_bytes, set);
    CPU_SET_S(cpu, size_bytes, set);
    error = pthread_setaffinity_np(thread, size_bytes, set);
    CPU_FREE(set);
  }
  if (error) {
    fail(ErrorCode::invalid_argument,
         "cannot pin a thread to processor {} ({}); name processors that this process may use", cpu,
         std::strerror(error));
  }
}
#endif

}  // namespace

Executor::Executor(const ExecutorOptions& options) : impl_(std::make_unique<Impl>()) {
  constexpr int kMaxThreads = 4096;
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    fail(ErrorCode::invalid_argument, "found {} threads, expected 0 (one per core) to {}", options.num_threads,
         kMaxThreads);
  }
  const int num_threads = options.num_threads ? options.num_threads : available_cores();
  impl_->workers.reserve(num_threads - 1);
  try {
    for (int thread = 1; thread < num_threads; ++thread) {
      impl_->workers.emplace_back([impl = impl_.get(), thread] { impl->worker_main(thread); });
#if defined(__linux__)
      if (!options.cpus.empty()) {
        pin(impl_->workers.back().native_handle(), options.cpus[thread % options.cpus.size()]);
      }
#endif
    }
  } catch (const std::system_error& error) {
    impl_->stop_workers();
    fail(ErrorCode::out_of_memory, "cannot start thread {} of {}: {}; ask for fewer threads", impl_->workers.size() + 1,
         num_threads, error.what());
  } catch (...) {
    impl_->stop_workers();
    throw;
  }
}

Executor::~Executor() {
  impl_->stop_workers();
}

int Executor::num_threads() const {
  return impl_->num_threads();
}

void Executor::run(int64_t num_tasks, TaskFn fn, void* context) {
  if (num_tasks <= 0) return;
  if (current_thread >= 0) {  // inside a task: this thread already is one of the team
    const int thread = current_thread < num_threads() ? current_thread : 0;
    for (int64_t task = 0; task < num_tasks; ++task) fn(context, task, thread);
    return;
  }
  std::lock_guard lock(impl_->callers);
  if (num_tasks == 1 || impl_->workers.empty()) {
    struct Inside {
      Inside() { current_thread = 0; }
      ~Inside() { current_thread = -1; }
    } inside;
    for (int64_t task = 0; task < num_tasks; ++task) fn(context, task, 0);
    return;
  }
  for (int64_t first = 0; first < num_tasks; first += kMaxTasksPerJob) {
    impl_->run_job(first, static_cast<uint32_t>(std::min(kMaxTasksPerJob, num_tasks - first)), fn, context);
    if (impl_->failed.load(std::memory_order_acquire)) break;
  }
  if (impl_->failed.load(std::memory_order_acquire)) {
    impl_->failed.store(false, std::memory_order_relaxed);
    std::exception_ptr failure;
    {
      std::lock_guard failure_lock(impl_->failure_mutex);
      failure = std::move(impl_->failure);
      impl_->failure = nullptr;
    }
    std::rethrow_exception(failure);
  }
}

}  // namespace accelerate
