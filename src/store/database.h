#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace accelerate::store {

/// A prepared statement; parameters count from 1, columns from 0.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  /// Resets it for its next use.
  ~Statement();

  Statement& bind(int parameter, int64_t value);
  Statement& bind_bytes(int parameter, std::string_view bytes);
  /// True while there is a row. Errors: io_error.
  bool step();
  int64_t integer(int column) const;
  std::string bytes(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// A SQLite file that several processes use. Not thread-safe.
class Database {
 public:
  /// Errors: io_error, not_found if it is to be read only and is not there.
  Database(const std::filesystem::path& file, bool read_only);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Statements without parameters and results. Errors: io_error.
  void run(const char* sql);
  /// The text of sql is compiled once; it must be a literal. One statement of a text can be in use at a time.
  Statement prepare(const char* sql);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Rolls back unless commit() is called.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }
  ~Transaction();
  void commit();

 private:
  Database& database_;
  bool done_ = false;
};

}  // namespace accelerate::store
