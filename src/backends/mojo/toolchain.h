#pragma once
// The real `mojo`: found, identified, and used to compile.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/cancel.h"

namespace accelerate::mojo {

/// Release of the language that render() writes.
inline constexpr const char* kSupportedVersion = "1.1";

/// Code in this process. Thread-safe; stays as long as the object.
class Library {
 public:
  using Function = void (*)(void* const* buffers, const int64_t* parameters, int64_t first_line, int64_t last_line,
                            int64_t first_column, int64_t last_column);
  /// From bytes that have been verified: no file is looked at again. Errors: compile_failed.
  explicit Library(const std::string& bytes);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  /// Errors: compile_failed if there is no such function.
  Function function(const std::string& name) const;

 private:
  void* handle_ = nullptr;
};

struct Compiled {
  std::unique_ptr<const Library> library;
  bool cached = false;
  std::string key;
};

/// One toolchain a process.
class Toolchain {
 public:
  /// The first installation whose `mojo` says that it is a release that we write for, and compiles a small kernel that
  /// computes right. Errors: backend_unavailable with all reasons, the same each time.
  static const Toolchain& instance();

  const std::string& version() const { return version_; }
  const std::filesystem::path& program() const { return program_; }
  const std::string& found_by() const { return found_by_; }
  /// Why compiled kernels are not kept; empty if they are.
  const std::string& note() const { return note_; }

  /// The library of a module. It is taken from the cache only with this machine's seal; else it is compiled, and
  /// `check` (which throws for a library that computes wrong) decides whether it is kept. Processes that want the same
  /// compile it once. Errors: compile_failed with the compiler's words; cancelled, deadline_exceeded.
  Compiled compile(const std::string& source, const std::function<void(const Library&)>& check,
                   const std::function<void(std::string_view)>& progress, const CallLimits& limits) const;

 private:
  Toolchain(std::filesystem::path root, std::string found_by);
  std::string build(const std::string& source, const CallLimits& limits) const;

  std::filesystem::path root_;
  std::filesystem::path program_;
  std::string found_by_;
  std::string version_;
  std::filesystem::path cache_;  // empty: nothing is kept
  std::string note_;
};

}  // namespace accelerate::mojo
