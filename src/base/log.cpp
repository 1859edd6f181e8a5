#include "base/log.h"

#include <memory>
#include <mutex>

namespace accelerate {
namespace {

struct LogState {
  std::mutex mutex;
  std::shared_ptr<const LogSink> sink;
};

LogState& log_state() {
  static LogState state;
  return state;
}

}  // namespace

void set_log_sink(LogSink sink) {
  auto next = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
  std::lock_guard lock(log_state().mutex);
  log_state().sink.swap(next);
}

void log_message(LogLevel level, std::string_view message) {
  std::shared_ptr<const LogSink> sink;
  {
    std::lock_guard lock(log_state().mutex);
    sink = log_state().sink;
  }
  // Called without the lock, so that a sink may log or be replaced meanwhile.
  if (sink) (*sink)(level, message);
}

}  // namespace accelerate
