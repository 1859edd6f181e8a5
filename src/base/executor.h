#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace accelerate {

/// How many threads work, and where. num_threads 0 means one per available core (affinity mask and
/// cgroup quota respected). cpus, if not empty, pins worker i to cpus[i % size].
struct ExecutorOptions {
  int num_threads = 0;
  std::vector<int> cpus;
};

/// A fixed set of threads that runs index ranges. The calling thread takes part, so num_threads() == 1
/// starts no thread. Calls from several threads are serialised; a call from inside a task runs inline.
/// parallel_for allocates nothing.
class Executor {
 public:
  explicit Executor(const ExecutorOptions& options = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  int num_threads() const;

  /// A plain function with its context; the context outlives the call.
  using TaskFn = void (*)(void* context, int64_t task, int thread);

  /// Runs fn(context, task, thread) for task in [0, num_tasks); thread in [0, num_threads()).
  /// Tasks are claimed dynamically. Returns when all are done; the first exception is rethrown.
  void run(int64_t num_tasks, TaskFn fn, void* context);

  /// body(int64_t task, int thread)
  template <typename Body>
  void parallel_for(int64_t num_tasks, Body&& body) {
    run(
        num_tasks,
        [](void* context, int64_t task, int thread) {
          (*static_cast<std::remove_reference_t<Body>*>(context))(task, thread);
        },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Cores this process may use: affinity mask, limited by the cgroup CPU quota.
int available_cores();

}  // namespace accelerate
