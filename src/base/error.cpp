#include "base/error.h"

namespace accelerate {

ErrorGroup group_of(ErrorCode code) {
  if (code <= ErrorCode::unsupported_task) return ErrorGroup::user;
  if (code <= ErrorCode::invalid_graph) return ErrorGroup::model;
  if (code <= ErrorCode::execution_failed) return ErrorGroup::backend;
  return ErrorGroup::system;
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::invalid_shape: return "invalid_shape";
    case ErrorCode::invalid_dtype: return "invalid_dtype";
    case ErrorCode::unsupported_task: return "unsupported_task";
    case ErrorCode::invalid_model: return "invalid_model";
    case ErrorCode::invalid_weights: return "invalid_weights";
    case ErrorCode::unsupported_model: return "unsupported_model";
    case ErrorCode::unsupported_format: return "unsupported_format";
    case ErrorCode::invalid_graph: return "invalid_graph";
    case ErrorCode::backend_unavailable: return "backend_unavailable";
    case ErrorCode::unsupported_op: return "unsupported_op";
    case ErrorCode::compile_failed: return "compile_failed";
    case ErrorCode::execution_failed: return "execution_failed";
    case ErrorCode::io_error: return "io_error";
    case ErrorCode::out_of_memory: return "out_of_memory";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::deadline_exceeded: return "deadline_exceeded";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

int exit_code_of(ErrorCode code) {
  if (code == ErrorCode::cancelled) return 130;
  if (code == ErrorCode::deadline_exceeded) return 124;
  switch (group_of(code)) {
    case ErrorGroup::user: return 2;
    case ErrorGroup::model: return 3;
    case ErrorGroup::backend: return 4;
    case ErrorGroup::system: return 5;
  }
  return 1;
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)), text_(message_) {}

Error& Error::in(std::string frame) {
  text_ += "\n  in " + frame;
  context_.push_back(std::move(frame));
  return *this;
}

std::string printable(std::string_view text, size_t max_bytes) {
  std::string out;
  for (unsigned char c : text) {
    if (out.size() >= max_bytes) {
      // Never end inside a UTF-8 sequence.
      while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
      if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0U) out.pop_back();
      return out + "...";
    }
    if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace accelerate
