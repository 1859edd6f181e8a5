#include "cli/inputs.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace accelerate::cli {
namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 30;

std::string read_standard_input(const CancelToken& cancel) {
  std::string out;
  std::string block(size_t{1} << 16, '\0');
  while (true) {
    if (cancel.cancelled()) fail(ErrorCode::cancelled, "stopped while reading standard input");
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io_error, "cannot read standard input: {}", std::strerror(errno));
    if (got == 0) return out;
    out.append(block, 0, static_cast<size_t>(got));
    if (out.size() > kMaxInputBytes) {
      fail(ErrorCode::invalid_argument, "standard input is larger than {} bytes; give it in parts", kMaxInputBytes);
    }
  }
}

}  // namespace

std::string read_all(const std::string& name, const CancelToken& cancel) {
  return name == "-" ? read_standard_input(cancel) : read_file(name, kMaxInputBytes);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    size_t last = end;
    if (last > begin && text[last - 1] == '\r') --last;
    out.push_back(text.substr(begin, last - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace accelerate::cli
