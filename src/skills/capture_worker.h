#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/json.h"
#include "base/process.h"

namespace accelerate::skills {

/// A Python process that captures models and computes what transformers does (ipfs_accelerate.capture.worker); started
/// with the first request, and again after it dies. Not thread-safe.
class CaptureWorker {
 public:
  CaptureWorker(std::string python, CancelToken cancel) : python_(std::move(python)), cancel_(std::move(cancel)) {}

  /// The reply to a request of the worker's form, to which an id is added; what goes wrong with the request, the death
  /// of the worker included, is a reply with "ok": false, "stage", "reason" and "own". seconds: the processor time that
  /// the request asks for. Errors: io_error if the worker does not start; cancelled.
  Json ask(Json request, double seconds);

 private:
  void start();

  std::string python_;
  CancelToken cancel_;
  std::optional<Process> process_;
  int id_ = 0;
};

/// Limits of a call that ends after so many seconds, or when it is cancelled.
CallLimits limits_within(double seconds, const CancelToken& cancel);
/// The last line of what a program wrote, safe to print.
std::string last_line(std::string_view text);
/// The Python that captures: `given`, else ACCELERATE_PYTHON, else "python3".
std::string capture_python(const std::string& given);

}  // namespace accelerate::skills
