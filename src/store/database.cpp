#include "store/database.h"

#include <sqlite3.h>

#include <unordered_map>

#include "base/error.h"
#include "base/open_file.h"

namespace accelerate::store {
namespace {

constexpr int kBusyMs = 60'000;

[[noreturn]] void fail_sqlite(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db);
  if (code == SQLITE_READONLY) fail(ErrorCode::io_error, "the store is read-only; cannot change it");
  if (code == SQLITE_FULL) fail(ErrorCode::io_error, "the disk of the store is full");
  if (code == SQLITE_BUSY) {
    fail(ErrorCode::io_error, "another process has kept the store locked for {} s; try again", kBusyMs / 1000);
  }
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    fail(ErrorCode::invalid_model,
         "the index of the store is damaged ({}); add or pull its content again into a new store", sqlite3_errmsg(db));
  }
  fail(ErrorCode::io_error, "the store cannot {}: {}", doing, sqlite3_errmsg(db));
}

}  // namespace

struct Database::Impl {
  sqlite3* db = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements;
  ~Impl() {
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    sqlite3_close(db);
  }
};

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int parameter, int64_t value) {
  if (sqlite3_bind_int64(statement_, parameter, value) != SQLITE_OK) {
    fail_sqlite(sqlite3_db_handle(statement_), "set a number");
  }
  return *this;
}

Statement& Statement::bind_bytes(int parameter, std::string_view bytes) {
  // A null pointer would be NULL, not an empty value.
  const char* const data = bytes.data() == nullptr ? "" : bytes.data();
  if (sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_TRANSIENT) != SQLITE_OK) {
    fail_sqlite(sqlite3_db_handle(statement_), "set bytes");
  }
  return *this;
}

bool Statement::step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: fail_sqlite(sqlite3_db_handle(statement_), "read or write its index");
  }
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Statement::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}

Database::Database(const std::filesystem::path& file, bool read_only) : impl_(std::make_unique<Impl>()) {
  std::error_code ignored;
  if (read_only && !std::filesystem::exists(file, ignored)) {
    fail(ErrorCode::not_found, "there is no store at {}", shown(file.parent_path()));
  }
  const int flags =
      SQLITE_OPEN_FULLMUTEX | (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const auto open = [&](const std::string& name, int more) {
    sqlite3_close(impl_->db);
    impl_->db = nullptr;
    if (sqlite3_open_v2(name.c_str(), &impl_->db, flags | more, nullptr) != SQLITE_OK) {
      if (impl_->db == nullptr) fail(ErrorCode::out_of_memory, "no memory for the store's index");
      fail_sqlite(impl_->db, "open its index " + shown(file));
    }
    sqlite3_extended_result_codes(impl_->db, 0);
    sqlite3_busy_timeout(impl_->db, kBusyMs);
    // Each read goes to the file system's cache.
    run("PRAGMA cache_size=-4096; PRAGMA foreign_keys=ON;");
  };
  open(file.native(), 0);
  if (!read_only) {
    run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    return;
  }
  // Where nothing can be written there is no writer either.
  sqlite3_stmt* probe = nullptr;
  const int code = sqlite3_prepare_v2(impl_->db, "SELECT count(*) FROM sqlite_master", -1, &probe, nullptr);
  const bool readable = code == SQLITE_OK && sqlite3_step(probe) == SQLITE_ROW;
  sqlite3_finalize(probe);
  if (readable) return;
  std::string uri = "file:";
  for (const char c : file.native()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  open(uri + "?immutable=1", SQLITE_OPEN_URI);
}

Database::~Database() = default;

void Database::run(const char* sql) {
  if (sqlite3_exec(impl_->db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail_sqlite(impl_->db, "change its index");
}

Statement Database::prepare(const char* sql) {
  sqlite3_stmt*& statement = impl_->statements[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(impl_->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    fail_sqlite(impl_->db, "read its index");
  }
  return Statement(statement);
}

Transaction::~Transaction() {
  if (done_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const Error&) {
    // SQLite has rolled back by itself.
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  done_ = true;
}

}  // namespace accelerate::store
