#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

namespace accelerate {

/// Lets one thread ask another to stop. Copies share the flag; safe to use from a signal handler.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() const noexcept { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// Limits of one call. check() throws Error(cancelled) or Error(deadline_exceeded).
struct CallLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::optional<CancelToken> cancel;
  void check() const;
};

}  // namespace accelerate
