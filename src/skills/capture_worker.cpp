#include "skills/capture_worker.h"

#include <cstdlib>

#include "base/error.h"

namespace accelerate::skills {
namespace {

constexpr double kStartSeconds = 300;  // until a worker is ready
constexpr double kWallFactor = 6;      // most time by the clock for a second of processor time

}  // namespace

CallLimits limits_within(double seconds, const CancelToken& cancel) {
  CallLimits out;
  out.cancel = cancel;
  out.deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                        std::chrono::duration<double>(seconds));
  return out;
}

std::string last_line(std::string_view text) {
  const size_t end = text.find_last_not_of("\r\n ");
  if (end == std::string_view::npos) return "it wrote nothing";
  const size_t newline = text.rfind('\n', end);
  const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  return printable(text.substr(begin, end + 1 - begin));
}

std::string capture_python(const std::string& given) {
  const char* python = std::getenv("ACCELERATE_PYTHON");
  return !given.empty() ? given : python != nullptr && *python != '\0' ? python : "python3";
}

Json CaptureWorker::ask(Json request, double seconds) {
  start();
  request["id"] = ++id_;
  // The worker holds its own limits, of processor time and of the clock; this one is for a worker that hangs.
  const CallLimits limits = limits_within(kWallFactor * seconds + 60, cancel_);
  std::string reason;
  try {
    process_->write(request.dump() + "\n", limits);
    if (auto line = process_->read_line(limits)) return parse_json(*line, "the worker's reply");
    reason = fmt::format("the worker ended with {}: {}", process_->wait(limits).description(),
                         last_line(process_->error_tail()));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) throw;
    reason = error.message();
  }
  process_.reset();
  return {{"ok", false}, {"stage", "config"}, {"reason", reason}, {"own", false}};
}

void CaptureWorker::start() {
  if (process_) return;
  process_.emplace(ProcessOptions{.command = {python_, "-m", "ipfs_accelerate.capture.worker"}});
  std::string said;
  try {
    const auto line = process_->read_line(limits_within(kStartSeconds, cancel_));
    if (line && parse_json(*line, "the worker's first line").value("ready", false)) return;
    said = last_line(process_->error_tail());
  } catch (...) {
    process_.reset();
    throw;
  }
  process_.reset();
  fail(ErrorCode::io_error,
       "the capture worker did not start: {}; expected a Python ({}) with torch, transformers and ipfs_accelerate",
       said, python_);
}

}  // namespace accelerate::skills
