#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <mutex>
#include <thread>

#include "cli/cli.h"

namespace accelerate::cli {
namespace {

[[noreturn]] void fail_write() {
  // A reader that has gone away ("| head") is no reason for a message beyond this one.
  fail(ErrorCode::io_error, "cannot write to standard output: {}", std::strerror(errno));
}

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

bool is_combining(char32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE00 && c <= 0xFE0F);
}

/// Width and size in bytes of the character at `at`.
std::pair<size_t, size_t> character_at(std::string_view text, size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  size = std::min(size, text.size() - at);
  char32_t c = size == 1 ? first : first & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) c = (c << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return {is_combining(c) ? 0 : is_wide(c) ? 2 : 1, size};
}

}  // namespace

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail_write();
}

void finish_out() {
  if (std::fflush(stdout) != 0) fail_write();
}

struct Progress::Impl {
  std::mutex mutex;
  std::condition_variable wake;
  std::string what;
  size_t done = 0;
  size_t total = 0;
  bool finished = false;
  bool shown = false;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::thread thread;

  void show() {
    const auto elapsed = std::chrono::steady_clock::now() - start;
    std::string text = fmt::format("\r\033[K{} ", what);
    if (total > 1) text += fmt::format("{}/{} ", done, total);
    text += fmt::format("({} s)", std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
    std::fwrite(text.data(), 1, text.size(), stderr);
    shown = true;
  }
};

Progress::Progress(std::string what) {
  if (isatty(STDERR_FILENO) == 0) return;
  impl_ = std::make_unique<Impl>();
  impl_->what = std::move(what);
  impl_->thread = std::thread([impl = impl_.get()] {
    std::unique_lock lock(impl->mutex);
    auto next = impl->start + std::chrono::seconds(1);
    while (!impl->wake.wait_until(lock, next, [&] { return impl->finished; })) {
      impl->show();
      next += std::chrono::milliseconds(500);
    }
  });
}

Progress::~Progress() {
  if (!impl_) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->finished = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
  if (impl_->shown) std::fputs("\r\033[K", stderr);
}

void Progress::set(std::string what) {
  if (!impl_) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->what = std::move(what);
  impl_->total = 0;
}

void Progress::update(size_t done, size_t total) {
  if (!impl_) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->done = done;
  impl_->total = total;
}

std::string bytes_text(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  for (size_t at = 0; at < utf8.size();) {
    const auto [columns, size] = character_at(utf8, at);
    width += columns;
    at += size;
  }
  return width;
}

std::string fitted(std::string_view utf8, size_t columns) {
  const std::string clean = printable(utf8, 4 * columns + 16);
  if (display_width(clean) <= columns) return clean;
  std::string out;
  size_t width = 0;
  for (size_t at = 0; at < clean.size();) {
    const auto [wide, size] = character_at(clean, at);
    if (width + wide + 1 > columns) break;
    out.append(clean, at, size);
    width += wide;
    at += size;
  }
  return out + "…";
}

std::string table(const std::vector<std::vector<std::string>>& rows, size_t left) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string space(widths[c] - display_width(row[c]), ' ');
      if (c > 0) line += "  ";
      line += c < left ? row[c] + space : space + row[c];
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace accelerate::cli
