#pragma once
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/executor.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate {

struct SessionOptions {
  /// "auto", a backend name ("cpu", "reference", ...) with an optional device ("openvino:GPU"), or "mojo_max".
  /// "auto" reads ACCELERATE_DEVICE, then USE_MOJO_MAX_TARGET (1/true/yes in any case: "mojo_max").
  std::string device = "auto";
  /// A device that cannot serve is an error instead of a fallback to the CPU.
  bool strict = false;
  /// "auto" (bf16 or f16 if the weights are of that type and the CPU multiplies it natively, else f32), "f32", "bf16",
  /// "f16".
  std::string dtype = "auto";
  ExecutorOptions threads;
  /// Passes that are skipped, beside those in ACCELERATE_DISABLE_PASSES (names with commas between).
  std::vector<std::string> disabled_passes;
  /// Called with the text of the graph each time the pass of that name has run on it. Errors of load():
  /// invalid_argument if there is no such pass.
  std::string dump_after;
  std::function<void(std::string_view)> dump;
  /// Keep the time of each node (Model::execute's profile).
  bool profile = false;
  /// Told what a long compilation does, for a person; called by the thread that loads.
  std::function<void(std::string_view)> progress;
  /// Stops load() of an engine that compiles for minutes.
  CallLimits load_limits;
};

struct PassReport {
  std::string name;
  double time_ms = 0;
  int changes = 0;
  int nodes_before = 0;
  int nodes_after = 0;
};

/// How many nodes of one op run where.
struct PlacementReport {
  std::string op;
  std::string backend;
  std::string kernel;
  int count = 0;
  /// Why not on the requested backend; empty if it is there.
  std::string reason;
};

/// A piece of the graph that an engine took whole.
struct RegionReport {
  std::string backend;
  int nodes = 0;
  int inputs = 0;          // values it reads from outside
  int outputs = 0;         // values it gives
  double flops_share = 0;  // of the graph's work, by estimate
  bool cached = false;     // nothing had to be compiled
  double compile_ms = 0;
  std::string id;  // the engine's name of the compiled form
};

struct ModelReport {
  std::string backend;           // that runs (most of) the graph
  std::string device;            // e.g. "cpu"
  std::string requested_device;  // after the environment was read
  std::string fallback_reason;   // empty if the requested device serves
  std::string calibration;       // the times by which "auto" chose, if they were measured
  std::string dtype;             // of products: "f32", "bf16", "f16"
  std::string isa;               // instruction set of the CPU kernels, empty elsewhere
  std::string graph_hash;
  std::vector<PassReport> passes;
  std::vector<PlacementReport> placement;
  std::vector<RegionReport> regions;  // in execution order
  /// Values that one backend makes and another reads.
  int transfers = 0;
  /// Estimated work of the nodes on `backend`, as a share of all.
  double flops_share = 1;
  size_t weight_bytes = 0;  // referenced
  size_t packed_bytes = 0;  // machine copies
  double compile_ms = 0;
  int num_threads = 1;
};

/// Time of one node in one execution.
struct ProfileEvent {
  std::string name;    // op and kernel
  std::string detail;  // result type with this call's extents
  std::string location;
  double start_us = 0;
  double duration_us = 0;
};

struct ExecuteOptions {
  CallLimits limits;
  /// Filled with one event a node if given.
  std::vector<ProfileEvent>* profile = nullptr;
};

/// A compiled graph: immutable and shared by copies and threads. Each call borrows private scratch from a pool.
class Model {
 public:
  /// Nothing: only assignment and destruction are allowed.
  Model() = default;
  /// inputs in graph order. Returns the outputs in graph order.
  /// Errors: invalid_shape, invalid_dtype (naming the input); cancelled, deadline_exceeded; io_error if a weight file
  /// failed.
  std::vector<Tensor> execute(std::span<const Tensor> inputs, const ExecuteOptions& options = {}) const;
  std::vector<Tensor> execute(std::initializer_list<Tensor> inputs) const {
    return execute(std::span(inputs.begin(), inputs.size()));
  }
  /// Inputs by name. Errors: also invalid_argument for a missing or unknown name.
  std::map<std::string, Tensor> execute(const std::map<std::string, Tensor>& inputs,
                                        const ExecuteOptions& options = {}) const;
  /// Writes into given outputs of the right types: with warm shapes it allocates nothing.
  void execute_into(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                    const ExecuteOptions& options = {}) const;

  const ModelReport& report() const;
  /// The graph as given, before any pass: names and types of inputs and outputs.
  const Graph& graph() const;
  /// The optimised graph, with fused ops.
  const Graph& plan() const;
  /// Bytes of activations for the extents of the last call.
  size_t arena_bytes() const;

  struct Impl;
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

/// Chooses the device once, compiles graphs for it and owns the threads. Thread-safe.
class InferenceSession {
 public:
  /// Errors: invalid_argument for an unknown device or dtype name; backend_unavailable under strict.
  explicit InferenceSession(SessionOptions options = {});
  /// Errors: unsupported_op (all of them at once), invalid_weights, compile_failed.
  Model load(const Graph& graph, std::shared_ptr<const WeightSource> weights = nullptr);
  Model load(const Program& program, std::shared_ptr<const WeightSource> weights = nullptr) {
    return load(program.main(), std::move(weights));
  }

  const std::string& backend() const;
  const std::string& device() const;
  const std::string& requested_device() const;
  const std::string& fallback_reason() const;
  Executor& executor();

 private:
  InferenceSession* other_session(const std::string& device);
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Device names that the target policy knows, in the order in which "mojo_max" and "auto" prefer them.
const std::vector<std::string>& known_devices();

/// What a device request means, before anything is probed.
struct DeviceRequest {
  std::string requested;              // "auto" or the name asked for, after the environment was read
  std::vector<std::string> backends;  // backend names to try in this order; empty for "auto": all by preference
  std::string device_part;            // what follows ':'
};
/// Pure: the environment comes as a function (null result: not set). Errors: invalid_argument for an unknown name.
DeviceRequest resolve_device(const std::string& device, const std::function<const char*(const char*)>& environment);

}  // namespace accelerate
