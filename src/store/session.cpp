#include <chrono>

#include "base/error.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

constexpr uint64_t kBatchBlockBytes = 4 << 20;
constexpr size_t kBatchRows = 1024;
/// A file that changed later than this before it was recorded could change again within the resolution of its time.
constexpr int64_t kSettleNs = 2'000'000'000;

}  // namespace

Store::Session::Session(Impl& store, const CallLimits& limits)
    : store_(store), lock_(store.lock_file(), false, limits) {
  const std::lock_guard lock(store_.mutex);
  id_ = static_cast<int64_t>(store_.next_session++);
}

Store::Session::~Session() {
  try {
    drop_file();
  } catch (const Error&) {
    // The temporary rows go with the connection.
  }
}

void Store::Session::put(const Cid& cid, std::string_view block) {
  if (cid.is_identity()) return;
  block_bytes_ += block.size();
  blocks_.emplace_back(cid.hash_bytes(), block);
  if (block_bytes_ >= kBatchBlockBytes || blocks_.size() >= kBatchRows) {
    const std::lock_guard lock(store_.mutex);
    flush();
  }
}

void Store::Session::put_leaf(const Cid& cid, const LeafPlace& place) {
  leaves_.emplace_back(cid.hash_bytes(), place);
  if (leaves_.size() >= kBatchRows) {
    const std::lock_guard lock(store_.mutex);
    flush_leaves();
  }
}

void Store::Session::flush() {
  if (blocks_.empty()) return;
  store_.check_quota(block_bytes_);
  Transaction transaction(store_.db);
  for (const auto& [hash, block] : blocks_) {
    Statement insert = store_.db.prepare("INSERT OR IGNORE INTO blocks(hash, data) VALUES(?, ?)");
    insert.bind_bytes(1, hash).bind_bytes(2, block).step();
  }
  transaction.commit();
  blocks_.clear();
  block_bytes_ = 0;
}

void Store::Session::flush_leaves() {
  Transaction transaction(store_.db);
  for (const auto& [hash, place] : leaves_) {
    Statement insert =
        store_.db.prepare("INSERT INTO temp.pending(session, hash, offset, size, form) VALUES(?, ?, ?, ?, ?)");
    insert.bind(1, id_)
        .bind_bytes(2, hash)
        .bind(3, static_cast<int64_t>(place.offset))
        .bind(4, static_cast<int64_t>(place.size_bytes))
        .bind(5, static_cast<int64_t>(place.form))
        .step();
  }
  transaction.commit();
  leaves_.clear();
}

void Store::Session::drop_file() {
  leaves_.clear();
  const std::lock_guard lock(store_.mutex);
  store_.db.prepare("DELETE FROM temp.pending WHERE session = ?").bind(1, id_).step();
}

void Store::Session::finish_file(const std::string& path, bool owned, const FileStamp& stamp, const Cid& whole) {
  const std::lock_guard lock(store_.mutex);
  flush();
  flush_leaves();
  if (owned) store_.check_quota(stamp.size_bytes);
  const int64_t now_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto bind_file = [&](Statement&& s) -> Statement& {
    return s.bind_bytes(1, path)
        .bind(2, static_cast<int64_t>(stamp.size_bytes))
        .bind(3, stamp.mtime_ns)
        .bind(4, static_cast<int64_t>(stamp.inode));
  };
  Transaction transaction(store_.db);
  bind_file(store_.db.prepare(
                "INSERT INTO files(path, size, mtime_ns, inode, owned, settled) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
                "ON CONFLICT(path, size, mtime_ns, inode) DO UPDATE SET settled = max(settled, excluded.settled)"))
      .bind(5, owned ? 1 : 0)
      .bind(6, now_ns - stamp.mtime_ns > kSettleNs ? 1 : 0)
      .step();
  int64_t file = 0;
  {
    Statement query =
        store_.db.prepare("SELECT id FROM files WHERE path = ?1 AND size = ?2 AND mtime_ns = ?3 AND inode = ?4");
    bind_file(std::move(query));
    if (!query.step()) fail(ErrorCode::internal, "a file of the store was not recorded");
    file = query.integer(0);
  }
  // The name of an owned file is its content's: a new one has taken the place of those that earlier rows describe.
  if (owned)
    store_.db.prepare("DELETE FROM files WHERE path = ? AND owned AND id <> ?")
        .bind_bytes(1, path)
        .bind(2, file)
        .step();
  store_.db
      .prepare(
          "INSERT OR IGNORE INTO leaves(hash, file, offset, size, form) "
          "SELECT hash, ?1, offset, size, form FROM temp.pending WHERE session = ?2")
      .bind(1, file)
      .bind(2, id_)
      .step();
  store_.db.prepare("INSERT OR IGNORE INTO wholes(cid, file) VALUES(?, ?)")
      .bind_bytes(1, whole.bytes())
      .bind(2, file)
      .step();
  store_.db.prepare("DELETE FROM temp.pending WHERE session = ?").bind(1, id_).step();
  transaction.commit();
}

void Store::Session::pin(const Cid& cid, const std::string& name) {
  const std::lock_guard lock(store_.mutex);
  flush();
  store_.db.prepare("INSERT INTO pins(cid, name) VALUES(?, ?) ON CONFLICT(cid) DO UPDATE SET name = excluded.name")
      .bind_bytes(1, cid.bytes())
      .bind_bytes(2, name)
      .step();
}

void Store::Session::commit() {
  const std::lock_guard lock(store_.mutex);
  flush();
}

}  // namespace accelerate::store
