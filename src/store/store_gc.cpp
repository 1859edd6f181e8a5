#include <unordered_set>

#include "base/error.h"
#include "base/open_file.h"
#include "store/export.h"
#include "store/ipld.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

}  // namespace

void Store::Impl::mark(const Cid& root, const StoreCall& call, Store& store,
                       const std::function<bool(const std::string&)>& first_time) {
  std::unordered_set<std::string> seen;
  std::vector<Cid> work = {root};
  StoreProgress progress;
  while (!work.empty()) {
    const Cid cid = std::move(work.back());
    work.pop_back();
    if (!seen.insert(cid.is_identity() ? cid.bytes() : cid.hash_bytes()).second) continue;
    if (first_time && !cid.is_identity() && !first_time(cid.hash_bytes())) continue;
    if (++progress.done_blocks % 256 == 0) {
      call.limits.check();
      if (call.progress) call.progress(progress);
    }
    if (cid.is(Codec::raw)) {
      if (!store.has(cid))
        fail(ErrorCode::not_found, "the store has no block {}, which {} needs", cid.text(), root.text());
      continue;
    }
    try {
      for (Cid& link : links_of(cid, store.get(cid))) work.push_back(std::move(link));
    } catch (Error& e) {
      throw std::move(e.in("the tree " + root.text()));
    }
  }
}

GcResult Store::gc(const StoreCall& call) {
  impl_->check_writable();
  const FolderLock exclusive(impl_->lock_file(), true, call.limits);
  GcResult out;
  const auto run = [this](const char* sql) {
    const std::lock_guard lock(impl_->mutex);
    impl_->db.run(sql);
  };
  run("DELETE FROM temp.marked");
  std::vector<std::string> batch;
  const auto flush = [&] {
    const std::lock_guard lock(impl_->mutex);
    Transaction transaction(impl_->db);
    for (const std::string& hash : batch) {
      impl_->db.prepare("INSERT OR IGNORE INTO temp.marked(hash) VALUES(?)").bind_bytes(1, hash).step();
    }
    transaction.commit();
    batch.clear();
  };
  for (const Pin& pin : pins()) {
    impl_->mark(pin.cid, call, *this, [&](const std::string& hash) {
      batch.push_back(hash);
      if (batch.size() >= 4096) flush();
      return true;
    });
  }
  flush();

  {
    const std::lock_guard lock(impl_->mutex);
    Database& db = impl_->db;
    const auto number = [&db](const char* sql) {
      Statement query = db.prepare(sql);
      return query.step() ? static_cast<uint64_t>(query.integer(0)) : 0;
    };
    Transaction transaction(db);
    const uint64_t before = impl_->disk_bytes();
    out.removed_blocks = number("SELECT count(*) FROM blocks WHERE hash NOT IN (SELECT hash FROM temp.marked)") +
                         number("SELECT count(*) FROM leaves WHERE hash NOT IN (SELECT hash FROM temp.marked)");
    db.run("DELETE FROM blocks WHERE hash NOT IN (SELECT hash FROM temp.marked)");
    db.run("DELETE FROM leaves WHERE hash NOT IN (SELECT hash FROM temp.marked)");
    db.run(
        "DELETE FROM signatures WHERE hash NOT IN (SELECT hash FROM blocks) AND hash NOT IN (SELECT hash FROM leaves)");
    out.removed_files = number("SELECT count(*) FROM files WHERE id NOT IN (SELECT file FROM leaves)");
    db.run("DELETE FROM files WHERE id NOT IN (SELECT file FROM leaves)");
    out.kept_blocks = number("SELECT (SELECT count(*) FROM blocks) + (SELECT count(*) FROM leaves)");
    transaction.commit();
    db.run("DELETE FROM temp.marked; PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");
    const uint64_t after = impl_->disk_bytes();
    out.freed_bytes = before > after ? before - after : 0;
  }
  // A path may have been recorded twice; and a process that died may have left a file that no row names.
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(impl_->owned_folder(), error)) {
    const std::string stored = "files/" + entry.path().filename().native();
    bool used = false;
    {
      const std::lock_guard lock(impl_->mutex);
      Statement query = impl_->db.prepare("SELECT 1 FROM files WHERE path = ?");
      used = query.bind_bytes(1, stored).step();
    }
    std::error_code ignored;
    if (!used) fs::remove(entry.path(), ignored);
  }
  if (error) fail(ErrorCode::io_error, "cannot list {}: {}", shown(impl_->owned_folder()), error.message());
  remove_dead_views(impl_->folder);
  return out;
}

VerifyResult Store::verify(const StoreCall& call) {
  VerifyResult out;
  StoreProgress progress;
  {
    const std::lock_guard lock(impl_->mutex);
    Statement query = impl_->db.prepare(
        "SELECT (SELECT coalesce(sum(length(data)), 0) FROM blocks) + (SELECT coalesce(sum(size), 0) FROM leaves)");
    if (query.step()) progress.total_bytes = static_cast<uint64_t>(query.integer(0));
  }
  const auto done = [&](uint64_t bytes) {
    ++out.blocks;
    out.bytes += bytes;
    progress.done_blocks = out.blocks;
    progress.done_bytes = out.bytes;
    if (call.progress) call.progress(progress);
    call.limits.check();
  };
  // The codec is not recorded: the hash is what a block is checked by.
  const auto cid_of = [](const std::string& hash) {
    std::string_view in = hash;
    return Cid(1, Codec::raw, Multihash::take(in, "a hash in the store"));
  };
  for (int64_t last = 0;;) {
    std::string hash;
    std::string block;
    {
      const std::lock_guard lock(impl_->mutex);
      Statement query = impl_->db.prepare("SELECT id, hash, data FROM blocks WHERE id > ? ORDER BY id LIMIT 1");
      if (!query.bind(1, last).step()) break;
      last = query.integer(0);
      hash = query.bytes(1);
      block = query.bytes(2);
    }
    const Cid cid = cid_of(hash);
    if (!cid.matches(block)) out.faults.push_back({cid.text(), "its bytes in the store's index have another hash"});
    done(block.size());
  }
  for (int64_t last = 0;;) {
    std::string path;
    FileStamp recorded;
    {
      const std::lock_guard lock(impl_->mutex);
      Statement query =
          impl_->db.prepare("SELECT id, path, size, mtime_ns, inode FROM files WHERE id > ? ORDER BY id LIMIT 1");
      if (!query.bind(1, last).step()) break;
      last = query.integer(0);
      path = impl_->path_of(query.bytes(1)).native();
      recorded = {static_cast<uint64_t>(query.integer(2)), query.integer(3), static_cast<uint64_t>(query.integer(4))};
    }
    std::optional<PlainFile> file;
    try {
      file.emplace(path);
    } catch (const Error& e) {
      out.faults.push_back({path, e.message()});
      continue;
    }
    const FileStamp before = file->stamp();
    uint64_t wrong = 0;
    std::string reason;
    for (std::string after;;) {
      std::vector<std::pair<std::string, LeafPlace>> leaves;
      {
        const std::lock_guard lock(impl_->mutex);
        Statement query = impl_->db.prepare(
            "SELECT hash, offset, size, form FROM leaves WHERE file = ? AND hash > ? ORDER BY hash LIMIT 64");
        query.bind(1, last).bind_bytes(2, after);
        while (query.step()) {
          leaves.emplace_back(query.bytes(0), LeafPlace{static_cast<uint64_t>(query.integer(1)),
                                                        static_cast<uint64_t>(query.integer(2)),
                                                        static_cast<LeafForm>(query.integer(3))});
        }
      }
      if (leaves.empty()) break;
      after = leaves.back().first;
      for (const auto& [hash, place] : leaves) {
        try {
          std::string bytes(place.size_bytes, '\0');
          file->read_at(place.offset, bytes);
          if (!cid_of(hash).matches(leaf_block(place.form, bytes))) {
            ++wrong;
            reason =
                fmt::format("the bytes from {} to {} have another hash", place.offset, place.offset + place.size_bytes);
          }
        } catch (const Error& e) {
          ++wrong;
          reason = e.message();
        }
        done(place.size_bytes);
      }
    }
    const FileStamp after = file->stamp();
    if (wrong == 0 && !impl_->options.read_only && after != recorded && after == before) {
      const std::lock_guard lock(impl_->mutex);
      impl_->db.prepare("UPDATE OR IGNORE files SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?")
          .bind(1, static_cast<int64_t>(after.size_bytes))
          .bind(2, after.mtime_ns)
          .bind(3, static_cast<int64_t>(after.inode))
          .bind(4, last)
          .step();
    }
    if (wrong > 0) out.faults.push_back({path, fmt::format("{} of its blocks are wrong; {}", wrong, reason)});
  }
  return out;
}

}  // namespace accelerate::store
