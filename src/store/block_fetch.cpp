#include "store/block_fetch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "store/car.h"
#include "store/http_client.h"

namespace accelerate::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxFailures = 3;
/// A block that one source has not sent for so long is asked of a second one, if that one has nothing else to do.
constexpr auto kSlow = std::chrono::milliseconds(500);
constexpr auto kTick = std::chrono::milliseconds(50);

/// A block that is wanted.
struct Want {
  std::set<size_t> missing_at;  // sources that said that they do not have it
  std::set<size_t> asked;       // sources that are asked now
  Clock::time_point since;
};

}  // namespace

struct BlockFetch::Impl {
  PullOptions options;
  CallLimits limits;  // of the caller, and cancelled by the destructor too
  CancelToken stop;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<Cid, Want> wants;
  std::deque<Cid> queue;
  std::function<void(const Cid&, const std::string&)> take;
  std::exception_ptr error;
  PullResult result;
  std::vector<int> failures;
  std::vector<std::thread> threads;
  std::mutex taking;

  bool is_dropped(size_t source) const { return !result.sources[source].dropped.empty(); }

  void drop(size_t source, const std::string& reason) {
    if (!is_dropped(source)) result.sources[source].dropped = reason;
    check_hopeless();
    changed.notify_all();
  }

  void fail_all(std::exception_ptr reason) {
    if (!error) error = std::move(reason);
    changed.notify_all();
  }

  /// The mutex is held.
  void check_hopeless() {
    if (wants.empty()) return;
    bool any = false;
    std::string reasons;
    for (const PulledFrom& s : result.sources) {
      any = any || s.dropped.empty();
      reasons += fmt::format("; {}: {}", s.url, s.dropped);
    }
    if (!any) {
      fail_all(std::make_exception_ptr(Error(ErrorCode::io_error, "every source was given up" + reasons)));
      return;
    }
    for (const auto& [cid, want] : wants) check_missing(cid, want);
  }

  void check_missing(const Cid& cid, const Want& want) {
    for (size_t s = 0; s < result.sources.size(); ++s) {
      if (!is_dropped(s) && !want.missing_at.contains(s)) return;
    }
    if (!want.asked.empty()) return;
    fail_all(std::make_exception_ptr(Error(ErrorCode::not_found, "no source has the block " + cid.text())));
  }

  /// The next block for a source; nothing if it has to wait. The mutex is held.
  std::optional<Cid> next(size_t source) {
    for (auto i = queue.begin(); i != queue.end(); ++i) {
      Want& want = wants[*i];
      if (want.missing_at.contains(source)) continue;
      Cid out = std::move(*i);
      queue.erase(i);
      want.asked.insert(source);
      want.since = Clock::now();
      return out;
    }
    for (auto& [cid, want] : wants) {
      if (want.asked.size() != 1 || want.asked.contains(source) || want.missing_at.contains(source)) continue;
      if (Clock::now() - want.since < kSlow) continue;
      want.asked.insert(source);
      want.since = Clock::now();
      return cid;
    }
    return std::nullopt;
  }

  /// A source did not give a block. The mutex is held.
  void give_back(const Cid& cid, size_t source, bool missing) {
    const auto found = wants.find(cid);
    if (found == wants.end()) return;  // another source was faster
    found->second.asked.erase(source);
    if (missing) found->second.missing_at.insert(source);
    if (found->second.asked.empty()) queue.push_front(cid);
    check_missing(cid, found->second);
    changed.notify_all();
  }

  void work(size_t source) {
    HttpClient client;
    CallLimits own = limits;
    own.cancel = stop;
    std::unique_lock lock(mutex);
    while (!stop.cancelled() && !is_dropped(source)) {
      std::optional<Cid> cid;
      if (!error) cid = next(source);
      if (!cid) {
        changed.wait_for(lock, kTick);
        continue;
      }
      lock.unlock();
      HttpRequest request;
      request.url = result.sources[source].url + "/ipfs/" + cid->text() + "?format=raw";
      request.headers = {"Accept: application/vnd.ipld.raw"};
      request.max_body_bytes = kMaxBlockBytes;
      request.stall_ms = options.stall_ms;
      request.min_bytes_per_second = options.min_bytes_per_second;
      request.connect_timeout_ms = std::min(options.stall_ms, request.connect_timeout_ms);
      std::string reason;
      HttpResponse response;
      bool good = false;
      try {
        response = client.get(request, own);
        good = response.status == 200 && cid->matches(response.body);
      } catch (const Error& e) {
        reason = e.message();
      }
      if (good) {
        good_block(*cid, source, std::move(response.body));
        lock.lock();
        continue;
      }
      lock.lock();
      if (stop.cancelled()) return;
      bool missing = false;
      if (response.status == 200) {
        drop(source, fmt::format("it sent other bytes for {}", cid->text()));
      } else if (response.status >= 300 && response.status < 400) {
        drop(source, fmt::format("it redirects (status {})", response.status));
      } else if (response.status == 404 || response.status == 410) {
        missing = true;
      } else {
        if (response.status != 0) reason = fmt::format("status {}", response.status);
        if (++failures[source] >= kMaxFailures) drop(source, reason);
      }
      give_back(*cid, source, missing);
      if (!missing && !is_dropped(source)) {
        // A pause that grows, in which another source may take the block.
        changed.wait_for(lock, std::chrono::milliseconds(100) * (1 << failures[source]));
      }
    }
  }

  void good_block(const Cid& cid, size_t source, std::string block) {
    const std::lock_guard one_at_a_time(taking);
    {
      const std::lock_guard lock(mutex);
      failures[source] = 0;
      if (!wants.contains(cid) || error) return;
    }
    try {
      take(cid, block);
    } catch (...) {
      const std::lock_guard lock(mutex);
      fail_all(std::current_exception());
      return;
    }
    const std::lock_guard lock(mutex);
    wants.erase(cid);
    ++result.fetched_blocks;
    result.fetched_bytes += block.size();
    ++result.sources[source].blocks;
    result.sources[source].bytes += block.size();
    changed.notify_all();
  }
};

BlockFetch::BlockFetch(const PullOptions& options, const CallLimits& limits) : impl_(std::make_unique<Impl>()) {
  if (options.sources.empty()) fail(ErrorCode::invalid_argument, "no source to pull from; give one with --from URL");
  impl_->options = options;
  impl_->limits = limits;
  for (const std::string& url : options.sources) impl_->result.sources.push_back({check_source_url(url), 0, 0, {}});
  impl_->failures.resize(options.sources.size());
  for (size_t source = 0; source < options.sources.size(); ++source) {
    for (int i = 0; i < std::max(options.connections, 1); ++i) {
      impl_->threads.emplace_back([impl = impl_.get(), source] { impl->work(source); });
    }
  }
}

BlockFetch::~BlockFetch() {
  impl_->stop.cancel();
  impl_->changed.notify_all();
  for (std::thread& t : impl_->threads) t.join();
}

void BlockFetch::fetch(const std::vector<Cid>& cids, const std::function<void(const Cid&, const std::string&)>& take) {
  std::unique_lock lock(impl_->mutex);
  impl_->take = take;
  for (const Cid& cid : cids) {
    if (impl_->wants.try_emplace(cid).second) impl_->queue.push_back(cid);
  }
  impl_->check_hopeless();
  impl_->changed.notify_all();
  while (!impl_->wants.empty() && !impl_->error) {
    impl_->changed.wait_for(lock, kTick);
    try {
      impl_->limits.check();
    } catch (...) {
      impl_->fail_all(std::current_exception());
    }
  }
  const std::exception_ptr error = impl_->error;
  lock.unlock();
  // No take() runs on once this returns.
  const std::lock_guard last(impl_->taking);
  if (error) std::rethrow_exception(error);
}

PullResult BlockFetch::result() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->result;
}

}  // namespace accelerate::store
