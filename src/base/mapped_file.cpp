#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/open_file.h"

namespace accelerate {
namespace {

/// One live map as the signal handler sees it. begin is 0 while the slot is free.
struct MapSlot {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> poisoned{false};
};

/// Blocks of slots, in a list that only grows: the handler walks it without locks.
struct MapBlock {
  std::array<MapSlot, 128> slots;
  std::atomic<MapBlock*> next{nullptr};
};

static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

MapBlock first_block;
std::mutex slots_mutex;
std::atomic<uint64_t> poisoned_maps{0};
struct sigaction previous_action;

/// Replaces every map that holds address by zeros and marks it. Async-signal-safe: atomics and one system call.
bool poison_maps_at(uintptr_t address) {
  bool found = false;
  for (MapBlock* block = &first_block; block != nullptr; block = block->next.load(std::memory_order_acquire)) {
    for (MapSlot& slot : block->slots) {
      const uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      const uintptr_t end = slot.end.load(std::memory_order_acquire);
      if (begin == 0 || address < begin || address >= end) continue;
      if (slot.begin.load(std::memory_order_acquire) != begin) continue;
      // Marked before the zeros appear, so that no thread can see zeros in a map that is not marked.
      if (!slot.poisoned.exchange(true)) poisoned_maps.fetch_add(1);
      void* const zeros = mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ,
                               MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      found = found || zeros != MAP_FAILED;
    }
  }
  return found;
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  // A code above 0 means that the kernel found the fault; kill() and raise() carry no address.
  const bool mine = info->si_code > 0 && poison_maps_at(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = saved_errno;
  if (mine) return;
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else {
    // The instruction runs again and meets the default action.
    struct sigaction fallback{};
    fallback.sa_handler = SIG_DFL;
    sigaction(signal, &fallback, nullptr);
  }
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    sigaction(SIGBUS, nullptr, &previous_action);
    struct sigaction action{};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, nullptr) != 0) {
      fail(ErrorCode::io_error, "cannot guard mapped files against truncation: {}", system_reason(errno));
    }
  });
}

/// Publishes a map to the handler; it stays until its slot's begin becomes 0.
MapSlot* take_slot(uintptr_t begin, uintptr_t end) {
  std::lock_guard lock(slots_mutex);
  MapBlock* block = &first_block;
  while (true) {
    for (MapSlot& slot : block->slots) {
      if (slot.begin.load(std::memory_order_relaxed) != 0) continue;
      slot.poisoned.store(false, std::memory_order_relaxed);
      slot.end.store(end, std::memory_order_release);
      slot.begin.store(begin, std::memory_order_release);
      return &slot;
    }
    if (block->next.load(std::memory_order_relaxed) == nullptr) {
      block->next.store(new MapBlock, std::memory_order_release);
    }
    block = block->next.load(std::memory_order_relaxed);
  }
}

size_t page_size_bytes() {
  static const auto size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  return open(path, path);
}

std::shared_ptr<MappedFile> MappedFile::open(const std::filesystem::path& path, const std::filesystem::path& shown_as) {
  install_handler();
  const OpenFile file = open_regular_file(path, shown_as);
  std::shared_ptr<MappedFile> map(new MappedFile);
  map->path_ = shown_as;
  if (file.size_bytes() == 0) return map;
  void* const data = mmap(nullptr, file.size_bytes(), PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) {
    fail(ErrorCode::io_error, "cannot map {} ({} bytes): {}", shown(shown_as), file.size_bytes(), system_reason(errno));
  }
  map->data_ = static_cast<const std::byte*>(data);
  map->size_bytes_ = file.size_bytes();
  const auto begin = reinterpret_cast<uintptr_t>(data);
  const size_t page = page_size_bytes();
  map->guard_ = take_slot(begin, begin + (file.size_bytes() + page - 1) / page * page);
  return map;
}

MappedFile::~MappedFile() {
  if (guard_ != nullptr) {
    std::lock_guard lock(slots_mutex);
    static_cast<MapSlot*>(guard_)->begin.store(0, std::memory_order_release);
  }
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_bytes_);
}

void MappedFile::release_pages(size_t offset, size_t size) const {
  if (offset >= size_bytes_) return;
  const size_t page = page_size_bytes();
  const size_t begin = (offset + page - 1) / page * page;
  size_t end = size > size_bytes_ - offset ? size_bytes_ : offset + size;
  if (end != size_bytes_) end = end / page * page;
  if (begin < end) madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

bool MappedFile::poisoned() const noexcept {
  return guard_ != nullptr && static_cast<const MapSlot*>(guard_)->poisoned.load(std::memory_order_acquire);
}

void MappedFile::check() const {
  if (!poisoned()) return;
  fail(ErrorCode::io_error,
       "{} became unreadable while it was mapped (it was truncated, or its disk failed); what was computed from it is "
       "discarded. Restore the file and load the model again",
       shown(path_));
}

uint64_t num_poisoned_maps() noexcept {
  return poisoned_maps.load(std::memory_order_acquire);
}

}  // namespace accelerate
