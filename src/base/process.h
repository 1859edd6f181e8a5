#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"

namespace accelerate {

struct ProcessOptions {
  /// The program (looked up on PATH if it has no slash) and its arguments.
  std::vector<std::string> command;
  /// Variables set on top of this process's own.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Most address space of the child; 0: unlimited.
  uint64_t memory_limit_bytes = 0;
};

/// How a child ended.
struct ProcessExit {
  int code = 0;    // of exit(), if signal is 0
  int signal = 0;  // that ended it
  uint64_t peak_memory_bytes = 0;
  std::string description() const;  // "exit code 3", "signal 11 (Segmentation fault)"
};

/// A child process in a process group of its own, with pipes to its standard input, output and error. The group is
/// killed when the object goes, and the child when this process dies. Not thread-safe.
class Process {
 public:
  /// Errors: io_error if it cannot be started, with the reason.
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Errors: io_error if the child no longer reads; cancelled, deadline_exceeded.
  void write(std::string_view text, const CallLimits& limits = {});
  void close_input();
  /// The next line of its standard output, without its end; nothing at the end of the output.
  /// Errors: io_error for a line above 64 MB; cancelled, deadline_exceeded.
  std::optional<std::string> read_line(const CallLimits& limits = {});
  /// Reads the rest of the output, and waits. Errors: as read_line.
  std::string read_all(const CallLimits& limits = {});
  /// Waits for the end; output that nobody reads is dropped. Errors: cancelled, deadline_exceeded.
  ProcessExit wait(const CallLimits& limits = {});
  void kill() noexcept;
  /// The last 16 KB of its standard error.
  const std::string& error_tail() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Path of the running program. Errors: io_error.
std::string own_executable();

}  // namespace accelerate
