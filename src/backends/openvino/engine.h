#pragma once
// The loaded engine: found, identified, and ready to compile and run.
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backends/openvino/c_api.h"
#include "backends/openvino/cache.h"
#include "backends/openvino/detect.h"
#include "backends/openvino/ir/writer.h"

namespace accelerate::openvino_engine {

/// Releases whose C interface and operation sets this program knows: from the first to before the second.
inline constexpr int kFirstRelease = 2025;
inline constexpr int kLastRelease = 2026;

/// Why the version ("2026.4.1-...") is not supported; nothing if it is.
std::optional<std::string> why_not_version(const std::string& version);

class Engine;

/// A compiled model. Calls are serialised by the engine.
class CompiledModel {
 public:
  /// `memory` is kept alive: the engine may read constants from it as long as the model lives.
  /// Errors: compile_failed with the engine's words.
  CompiledModel(const Engine& engine, const IrText& text, const std::string& device, ComputeType compute,
                int num_threads);
  ~CompiledModel();
  CompiledModel(const CompiledModel&) = delete;
  CompiledModel& operator=(const CompiledModel&) = delete;

  struct Argument {
    DType dtype;
    std::span<const int64_t> shape;
    const void* data;  // results: written
  };
  /// Errors: execution_failed with the engine's words.
  void run(std::span<const Argument> inputs, std::span<const Argument> outputs) const;
  bool from_cache() const { return from_cache_; }

 private:
  const Engine& engine_;
  IrBuilder::Memory memory_;
  EngineCompiled* compiled_ = nullptr;
  EngineRequest* request_ = nullptr;
  bool from_cache_ = false;
};

/// One engine a process; it stays loaded. Thread-safe.
class Engine {
 public:
  /// The first installation that can be identified and computes a small model right. Found once for each process;
  /// throws the same error each time: backend_unavailable with all reasons.
  static const Engine& instance();

  explicit Engine(Installation installation);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Api& api() const { return api_; }
  const Installation& installation() const { return installation_; }
  /// As the library says it: "2026.4.1-22036-...".
  const std::string& version() const { return version_; }
  const CacheFolder& cache() const { return cache_; }
  Core* core() const { return core_; }
  /// Devices that the engine reports, with the names that it gives them.
  std::vector<DeviceInfo> devices() const;
  /// The code of an element type, as this release counts them.
  int element_code(DType dtype) const { return element_codes_.at(dtype); }
  /// Properties for compiling on a device, name and value in turn: only those that the device takes.
  std::vector<std::string> properties(const std::string& device, ComputeType compute, int num_threads) const;
  /// Its threads are entered by one caller at a time.
  std::mutex& entrance() const { return entrance_; }

  /// Errors: code with the engine's own words if status is not 0.
  void check(int status, ErrorCode code, std::string_view doing) const;

 private:
  std::optional<std::string> property(const std::string& device, const char* name) const;
  void find_element_codes();
  void smoke_test() const;

  Installation installation_;
  Api api_;
  std::string version_;
  CacheFolder cache_;
  Core* core_ = nullptr;
  std::map<DType, int> element_codes_;
  mutable std::mutex entrance_;
};

}  // namespace accelerate::openvino_engine
