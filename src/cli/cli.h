#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "runtime/session.h"

namespace accelerate::cli {

/// What the commands share. A command is a file NAME.cpp of src/cli with `void register_NAME(Cli&)`, which adds a
/// subcommand to `app` and sets its action.
struct Cli {
  CLI::App app;
  /// Errors and results are printed as JSON.
  bool json = false;
  /// Set by the first Ctrl-C.
  CancelToken cancel;
  /// Of a command that has reported its failure itself.
  int exit_code = 0;

  /// Options whose values are taken exactly as they are written, whatever they look like; "--text" and so on.
  std::set<std::string> verbatim;

  /// Adds an option of text that may be repeated, its names in `verbatim`. names: "--text,--question".
  void add_texts(CLI::App& command, const std::string& names, std::vector<std::string>& values, const std::string& doc,
                 const std::string& type);

  /// A subcommand whose action runs after the command line has been read.
  CLI::App* command(const std::string& name, const std::string& doc, std::function<void()> action);
  std::function<void()> action;
};

/// Options that choose device, type and threads; `run`, `bench` and `inspect` share them.
struct DeviceOptions {
  std::string device = "auto";
  std::string dtype = "auto";
  int threads = 0;
  bool strict = false;
  std::vector<std::string> disabled_passes;
  std::string dump_after;
  std::string compiled;

  void add_to(CLI::App& command);
  /// Errors: invalid_argument, invalid_model if --compiled names what this user has not compiled on this machine.
  SessionOptions session() const;
};

/// Runs the program; returns the exit code. args are those of main.
int run(int argc, char** argv);

/// Writes to standard output, all of it. Errors: io_error.
void write_out(std::string_view text);
/// Flushes and checks. Errors: io_error.
void finish_out();

/// A note on standard error that stays on one line, shown where standard error is a terminal and the work has lasted
/// a second; cleared when it ends.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void set(std::string what);
  void update(size_t done, size_t total);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "12.3 MB".
std::string bytes_text(double bytes);
/// Columns aligned; the first row is the header. Columns after the first `left` ones are aligned to the right.
std::string table(const std::vector<std::vector<std::string>>& rows, size_t left = 1);
/// Display columns of UTF-8 text (wide characters count as two).
size_t display_width(std::string_view utf8);
/// At most `columns` wide, with "…" where it was cut; control characters are escaped.
std::string fitted(std::string_view utf8, size_t columns);

}  // namespace accelerate::cli
