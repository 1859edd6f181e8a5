#pragma once
#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accelerate {

/// Why something failed. The groups decide the CLI exit code and the HTTP status.
enum class ErrorCode {
  // user: the request is wrong
  invalid_argument,
  not_found,
  invalid_shape,
  invalid_dtype,
  unsupported_task,
  // model: the files are wrong, or of a kind that is not supported
  invalid_model,
  invalid_weights,
  unsupported_model,
  unsupported_format,
  invalid_graph,
  // backend: a device, engine or kernel cannot serve
  backend_unavailable,
  unsupported_op,
  compile_failed,
  execution_failed,
  // system
  io_error,
  out_of_memory,
  cancelled,
  deadline_exceeded,
  internal,
};

enum class ErrorGroup { user, model, backend, system };

ErrorGroup group_of(ErrorCode code);
/// Stable snake_case name, e.g. "invalid_shape".
std::string_view name_of(ErrorCode code);
/// Process exit code: user 2, model 3, backend 4, system 5; cancelled 130, deadline_exceeded 124.
int exit_code_of(ErrorCode code);

/// The only exception type that crosses a module border. The message says what was found, what was
/// expected and what to do; the context names the node, file or request it came through, innermost first.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);
  const char* what() const noexcept override { return text_.c_str(); }
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::string>& context() const { return context_; }
  /// Adds an outer frame and returns *this, for `throw std::move(e.in("file x"))` or rethrow by `throw;`.
  Error& in(std::string frame);

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::string> context_;
  std::string text_;
};

/// Throws Error with a formatted message: fail(ErrorCode::io_error, "cannot open {}: {}", path, reason).
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// A string from a file or a user, shortened and with control characters escaped, safe to print.
std::string printable(std::string_view text, size_t max_bytes = 200);

}  // namespace accelerate
