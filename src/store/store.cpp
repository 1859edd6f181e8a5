#include "store/store.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/open_file.h"
#include "store/ipld.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "ipfs-accelerate store 1\n";

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS blocks(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files(id INTEGER PRIMARY KEY, path BLOB NOT NULL, owned INTEGER NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, settled INTEGER NOT NULL,
  UNIQUE(path, size, mtime_ns, inode));
CREATE TABLE IF NOT EXISTS leaves(hash BLOB NOT NULL, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  offset INTEGER NOT NULL, size INTEGER NOT NULL, form INTEGER NOT NULL, PRIMARY KEY(hash, file)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaves_by_file ON leaves(file);
CREATE TABLE IF NOT EXISTS wholes(cid BLOB NOT NULL, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  PRIMARY KEY(cid, file)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wholes_by_file ON wholes(file);
CREATE TABLE IF NOT EXISTS signatures(cid BLOB NOT NULL, hash BLOB NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY(cid, record)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pins(cid BLOB PRIMARY KEY, name BLOB NOT NULL) WITHOUT ROWID;
)";

constexpr const char* kSessionSchema = R"(
CREATE TEMP TABLE IF NOT EXISTS pending(session INTEGER NOT NULL, hash BLOB NOT NULL, offset INTEGER NOT NULL,
  size INTEGER NOT NULL, form INTEGER NOT NULL);
CREATE TEMP TABLE IF NOT EXISTS marked(hash BLOB PRIMARY KEY) WITHOUT ROWID;
)";

/// Makes the folder of a new store, or checks that it is one; returns its database.
fs::path prepare(const fs::path& folder, const StoreOptions& options) {
  std::error_code error;
  const fs::path format = folder / "format";
  if (!options.read_only && !fs::exists(format, error)) {
    fs::create_directories(folder, error);
    if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(folder), error.message());
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().native();
      // Another process may be making the same store.
      if (!name.starts_with("index.db") && name != "files" && name != "lock" && !name.starts_with("format")) {
        fail(ErrorCode::invalid_model, "{} is not empty and no store; it holds \"{}\"", shown(folder), printable(name));
      }
    }
    fs::create_directories(folder / "files", error);
    if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(folder / "files"), error.message());
    write_file_atomic(format, kFormat);
  }
  if (!fs::exists(format, error)) fail(ErrorCode::not_found, "there is no store at {}", shown(folder));
  const std::string found = read_file(format, 256);
  if (found != kFormat) {
    fail(ErrorCode::invalid_model, "{} holds a store of the format \"{}\"; expected \"{}\"", shown(folder),
         printable(found), printable(kFormat));
  }
  return folder / "index.db";
}

}  // namespace

Store::Impl::Impl(const fs::path& f, const StoreOptions& o)
    : folder(fs::absolute(f).lexically_normal()), options(o), db(prepare(folder, o), o.read_only) {
  if (!options.read_only) {
    Transaction transaction(db);
    db.run(kSchema);
    transaction.commit();
  }
  db.run(kSessionSchema);
}

fs::path Store::Impl::path_of(const std::string& stored) const {
  return stored.starts_with('/') ? fs::path(stored) : folder / stored;
}

void Store::Impl::check_writable() const {
  if (options.read_only) fail(ErrorCode::io_error, "the store {} is read-only", shown(folder));
}

uint64_t Store::Impl::disk_bytes() {
  uint64_t out = 0;
  {
    Statement pages = db.prepare("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
    if (pages.step()) out += static_cast<uint64_t>(pages.integer(0));
  }
  Statement owned = db.prepare("SELECT coalesce(sum(size), 0) FROM files WHERE owned");
  if (owned.step()) out += static_cast<uint64_t>(owned.integer(0));
  return out;
}

void Store::Impl::check_quota(uint64_t more) {
  if (options.quota_bytes == 0) return;
  const uint64_t now = disk_bytes();
  if (more > options.quota_bytes || now > options.quota_bytes - more) {
    fail(ErrorCode::io_error,
         "the store's quota of {} bytes does not allow {} more: {} are taken; unpin and collect garbage",
         options.quota_bytes, more, now);
  }
}

std::vector<StoredLeaf> Store::Impl::leaves_of(const std::string& hash) {
  std::vector<StoredLeaf> out;
  Statement query = db.prepare(
      "SELECT path, leaves.offset, leaves.size, leaves.form, files.size, mtime_ns, inode, settled OR owned "
      "FROM leaves JOIN files ON files.id = leaves.file WHERE leaves.hash = ? ORDER BY owned DESC, files.id DESC");
  query.bind_bytes(1, hash);
  while (query.step()) {
    StoredLeaf leaf;
    leaf.file = path_of(query.bytes(0));
    leaf.place = {static_cast<uint64_t>(query.integer(1)), static_cast<uint64_t>(query.integer(2)),
                  static_cast<LeafForm>(query.integer(3))};
    leaf.stamp = {static_cast<uint64_t>(query.integer(4)), query.integer(5), static_cast<uint64_t>(query.integer(6))};
    leaf.settled = query.integer(7) != 0;
    out.push_back(std::move(leaf));
  }
  return out;
}

std::optional<std::string> Store::Impl::read_leaf(const Cid& cid, const StoredLeaf& leaf, std::string& reason) const {
  try {
    const PlainFile file(leaf.file);
    const bool trusted = leaf.settled && file.stamp() == leaf.stamp;
    std::string bytes(leaf.place.size_bytes, '\0');
    file.read_at(leaf.place.offset, bytes);
    std::string block = leaf.place.form == LeafForm::raw ? std::move(bytes) : leaf_block(leaf.place.form, bytes);
    if (trusted || cid.matches(block)) return block;
    reason = fmt::format("{} has changed since it was added", shown(leaf.file));
  } catch (const Error& e) {
    reason = e.message();
  }
  return std::nullopt;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

std::shared_ptr<Store> Store::open(const fs::path& folder, const StoreOptions& options) {
  return std::shared_ptr<Store>(new Store(std::make_unique<Impl>(folder, options)));
}

fs::path Store::default_folder() {
  if (const std::string own = environment_variable("ACCELERATE_STORE"); !own.empty()) return own;
  if (const std::string data = environment_variable("XDG_DATA_HOME"); data.starts_with('/'))
    return fs::path(data) / "ipfs-accelerate/store";
  const std::string home = environment_variable("HOME");
  if (home.empty()) fail(ErrorCode::invalid_argument, "no place for the store: set ACCELERATE_STORE or HOME");
  return fs::path(home) / ".local/share/ipfs-accelerate/store";
}

const fs::path& Store::folder() const {
  return impl_->folder;
}

std::string Store::get(const Cid& cid) {
  if (cid.is_identity()) return cid.hash().digest;
  std::vector<StoredLeaf> leaves;
  {
    const std::lock_guard lock(impl_->mutex);
    Statement query = impl_->db.prepare("SELECT data FROM blocks WHERE hash = ?");
    query.bind_bytes(1, cid.hash_bytes());
    if (query.step()) return query.bytes(0);
    leaves = impl_->leaves_of(cid.hash_bytes());
  }
  std::string reason;
  for (const StoredLeaf& leaf : leaves) {
    if (auto block = impl_->read_leaf(cid, leaf, reason)) return std::move(*block);
  }
  if (leaves.empty()) fail(ErrorCode::not_found, "the store has no block {}", cid.text());
  fail(ErrorCode::invalid_model, "the block {} is lost: {}; restore the file, or pull the block again", cid.text(),
       reason);
}

bool Store::has(const Cid& cid) {
  if (cid.is_identity()) return true;
  const std::lock_guard lock(impl_->mutex);
  Statement query = impl_->db.prepare(
      "SELECT EXISTS(SELECT 1 FROM blocks WHERE hash = ?1) OR EXISTS(SELECT 1 FROM leaves WHERE hash = ?1)");
  query.bind_bytes(1, cid.hash_bytes());
  return query.step() && query.integer(0) != 0;
}

uint64_t Store::size_of(const Cid& cid) {
  if (cid.is_identity()) return cid.hash().digest.size();
  {
    const std::lock_guard lock(impl_->mutex);
    Statement query = impl_->db.prepare("SELECT length(data) FROM blocks WHERE hash = ?");
    query.bind_bytes(1, cid.hash_bytes());
    if (query.step()) return static_cast<uint64_t>(query.integer(0));
    const std::vector<StoredLeaf> leaves = impl_->leaves_of(cid.hash_bytes());
    if (!leaves.empty() && leaves[0].place.form == LeafForm::raw) return leaves[0].place.size_bytes;
  }
  return get(cid).size();
}

void Store::put(const Cid& cid, std::string_view block) {
  cid.check(block);
  const auto session = begin_session();
  session->put(cid, block);
  session->commit();
}

std::unique_ptr<Store::Session> Store::begin_session() {
  impl_->check_writable();
  return std::make_unique<Session>(*impl_);
}

void Store::pin(const Cid& cid, const std::string& name, const StoreCall& call) {
  impl_->check_writable();
  Session session(*impl_, call.limits);
  impl_->mark(cid, call, *this, nullptr);
  session.pin(cid, name);
  session.commit();
}

void Store::unpin(const Cid& cid) {
  impl_->check_writable();
  const std::lock_guard lock(impl_->mutex);
  Transaction transaction(impl_->db);
  bool there = false;
  {
    Statement query = impl_->db.prepare("SELECT 1 FROM pins WHERE cid = ?");
    there = query.bind_bytes(1, cid.bytes()).step();
  }
  if (!there) fail(ErrorCode::not_found, "{} is not pinned", cid.text());
  impl_->db.prepare("DELETE FROM pins WHERE cid = ?").bind_bytes(1, cid.bytes()).step();
  transaction.commit();
}

std::vector<Pin> Store::pins() {
  const std::lock_guard lock(impl_->mutex);
  std::vector<Pin> out;
  Statement query = impl_->db.prepare("SELECT cid, name FROM pins ORDER BY name, cid");
  while (query.step()) out.push_back({Cid::from_bytes(query.bytes(0), "a pin of the store"), query.bytes(1)});
  return out;
}

bool Store::is_pinned(const Cid& cid) {
  const std::lock_guard lock(impl_->mutex);
  Statement query = impl_->db.prepare("SELECT 1 FROM pins WHERE cid = ?");
  return query.bind_bytes(1, cid.bytes()).step();
}

void Store::add_signature(const Cid& cid, std::string_view record) {
  impl_->check_writable();
  constexpr int64_t kMaxRecords = 64;
  const std::lock_guard lock(impl_->mutex);
  impl_->check_quota(record.size());
  Transaction transaction(impl_->db);
  impl_->db.prepare("INSERT OR IGNORE INTO signatures(cid, hash, record) VALUES(?, ?, ?)")
      .bind_bytes(1, cid.bytes())
      .bind_bytes(2, cid.hash_bytes())
      .bind_bytes(3, record)
      .step();
  {
    Statement count = impl_->db.prepare("SELECT count(*) FROM signatures WHERE cid = ?");
    if (count.bind_bytes(1, cid.bytes()).step() && count.integer(0) > kMaxRecords) {
      fail(ErrorCode::invalid_argument, "{} has {} signature records already", cid.text(), kMaxRecords);
    }
  }
  transaction.commit();
}

std::vector<std::string> Store::signatures(const Cid& cid) {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> out;
  Statement query = impl_->db.prepare("SELECT record FROM signatures WHERE cid = ?");
  query.bind_bytes(1, cid.bytes());
  while (query.step()) out.push_back(query.bytes(0));
  return out;
}

StoreStat Store::stat() {
  const std::lock_guard lock(impl_->mutex);
  StoreStat out;
  out.folder = impl_->folder;
  const auto numbers = [this](const char* sql, std::initializer_list<uint64_t*> into) {
    Statement query = impl_->db.prepare(sql);
    query.step();
    for (int column = 0; uint64_t* const value : into) *value = static_cast<uint64_t>(query.integer(column++));
  };
  numbers("SELECT count(*), coalesce(sum(length(data)), 0) FROM blocks", {&out.blocks, &out.block_bytes});
  numbers("SELECT count(*), coalesce(sum(size), 0) FROM leaves", {&out.leaves, &out.leaf_bytes});
  numbers("SELECT coalesce(sum(owned), 0), coalesce(sum(1 - owned), 0) FROM files",
          {&out.owned_files, &out.referenced_files});
  numbers("SELECT count(*) FROM pins", {&out.pins});
  out.disk_bytes = impl_->disk_bytes();
  return out;
}

std::optional<fs::path> Store::whole_file(const Cid& cid) {
  std::vector<std::pair<fs::path, FileStamp>> found;
  {
    const std::lock_guard lock(impl_->mutex);
    Statement query = impl_->db.prepare(
        "SELECT path, size, mtime_ns, inode FROM wholes JOIN files ON files.id = wholes.file "
        "WHERE cid = ? AND (settled OR owned) ORDER BY owned DESC, files.id DESC");
    query.bind_bytes(1, cid.bytes());
    while (query.step()) {
      found.emplace_back(impl_->path_of(query.bytes(0)),
                         FileStamp{static_cast<uint64_t>(query.integer(1)), query.integer(2),
                                   static_cast<uint64_t>(query.integer(3))});
    }
  }
  for (const auto& [path, stamp] : found) {
    try {
      if (PlainFile(path).stamp() == stamp) return path;
    } catch (const Error&) {
      // Gone: another copy may be there.
    }
  }
  return std::nullopt;
}

}  // namespace accelerate::store
