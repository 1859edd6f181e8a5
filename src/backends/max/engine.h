#pragma once
// The loaded engine: found, identified, and ready to compile and run.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "backends/max/c_api.h"
#include "backends/max/cache.h"
#include "backends/max/detect.h"

namespace accelerate::max_engine {

/// Release of the engine whose text forms and functions this program knows.
inline constexpr const char* kSupportedVersion = "26.6";

/// What a child process said about a library.
struct Identity {
  std::string version;
  int accelerators = 0;
};

/// Loads the library in a child process and asks it. Errors: backend_unavailable with the reason.
Identity identify(const Installation& installation);

/// Variables that the engine reads, for this process or a child.
std::vector<std::pair<std::string, std::string>> engine_environment(const Installation& installation,
                                                                    const std::filesystem::path& cache);

/// The helper program that compiles: beside this program, in libexec/ipfs-accelerate, or a folder above (tests), or
/// ACCELERATE_MAX_COMPILE. Errors: backend_unavailable.
std::filesystem::path helper_program();

/// One engine a process; it stays loaded. Thread-safe.
class Engine {
 public:
  /// The first installation that can be identified and computes a small graph right. Found once for each process;
  /// throws the same error each time: backend_unavailable with all reasons.
  static const Engine& instance();

  const Api& api() const { return api_; }
  const Installation& installation() const { return installation_; }
  const Identity& identity() const { return identity_; }
  const CacheFolder& cache() const { return *cache_; }
  RuntimeContext* context() const { return context_; }
  Device* device() const { return device_; }
  std::string device_label() const;

 private:
  Engine(Installation installation, Identity identity);
  void smoke_test(const std::filesystem::path& file) const;

  Installation installation_;
  Identity identity_;
  const CacheFolder* cache_ = nullptr;
  Api api_;
  RuntimeContext* context_ = nullptr;
  Device* device_ = nullptr;
};

/// A text that the engine accepted, as a file.
struct CompiledText {
  std::filesystem::path file;
  bool cached = false;
  std::string key;
};

/// Compiles in a child process, whose end (the engine ends the process on any fault in the text) costs nothing here;
/// the engine's cache then has the result. Several processes that want the same text compile it once.
/// Errors: compile_failed with the engine's words; cancelled, deadline_exceeded.
CompiledText compile_text(const Installation& installation, const Identity& identity, const CacheFolder& cache,
                          const std::string& text, const std::function<void(std::string_view)>& progress,
                          const CallLimits& limits);

/// The text as the engine's own compiled file (MEF): for this machine and this release of the engine alone.
/// Errors: compile_failed.
std::string compiled_file(const Engine& engine, const std::string& text);

/// A graph in the engine, ready to run. Thread-safe.
class LoadedGraph {
 public:
  struct External {
    std::string name;
    Tensor value;
  };
  /// Errors: compile_failed.
  LoadedGraph(const Engine& engine, const std::filesystem::path& file, std::vector<External> externals);
  ~LoadedGraph();
  LoadedGraph(const LoadedGraph&) = delete;
  LoadedGraph& operator=(const LoadedGraph&) = delete;

  struct Argument {
    const char* name = nullptr;
    int element_type = 0;
    std::span<const int64_t> shape;
    const void* data = nullptr;
  };
  struct Result {
    const char* name = nullptr;
    size_t size_bytes = 0;
    void* data = nullptr;
  };
  /// Copies the results out. Errors: execution_failed with the engine's words.
  void run(std::span<const Argument> arguments, std::span<const Result> results) const;

 private:
  const Engine& engine_;
  std::vector<External> externals_;
  CompiledModel* compiled_ = nullptr;
  WeightsRegistry* registry_ = nullptr;
  AsyncModel* model_ = nullptr;
};

}  // namespace accelerate::max_engine
