#include "base/cancel.h"

#include "base/error.h"

namespace accelerate {

void CallLimits::check() const {
  if (cancel && cancel->cancelled()) fail(ErrorCode::cancelled, "the call was cancelled");
  if (deadline && std::chrono::steady_clock::now() >= *deadline)
    fail(ErrorCode::deadline_exceeded, "the deadline of the call passed before it finished");
}

}  // namespace accelerate
