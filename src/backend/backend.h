#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/executor.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate {

/// Work in order on one device. Host backends run a record() at once; others enqueue it.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Threads for host work; null on a device of its own.
  virtual Executor* executor() { return nullptr; }
  /// Waits until all recorded work is done.
  virtual void synchronize() {}
};

/// A stream of a backend that works on the host, at once.
class HostStream : public Stream {
 public:
  explicit HostStream(Executor& executor) : executor_(executor) {}
  Executor* executor() override { return &executor_; }

 private:
  Executor& executor_;
};

/// Pointers of one execution, in operand and result order. An operand whose kernel took it over when it was
/// created (a packed weight) may be null.
struct LaunchArgs {
  std::span<const void* const> inputs;
  std::span<void* const> outputs;
  void* scratch = nullptr;
};

/// A node made ready for one set of concrete extents. record() allocates nothing and may run in several
/// threads at once, each with its own arguments.
class Launch {
 public:
  virtual ~Launch() = default;
  virtual size_t scratch_bytes() const { return 0; }
  virtual void record(Stream& stream, const LaunchArgs& args) const = 0;
};

/// Extents of one call for one node.
struct ConcreteNode {
  std::span<const std::vector<int64_t>> inputs;
  std::span<const std::vector<int64_t>> outputs;
  const DimBindings& dims;
  /// Threads that will work on it; for scratch sizes.
  int num_threads = 1;
};

/// A node compiled for any extents: attributes decoded, weights packed. Immutable, shared by threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual std::unique_ptr<Launch> specialize(const ConcreteNode& node) const = 0;
  /// Bytes of machine-specific weight copies that this kernel owns.
  virtual size_t packed_bytes() const { return 0; }
  /// True if execution never reads operand i (it was packed).
  virtual bool owns_operand(size_t) const { return false; }
};

/// What reduced precision a plan may use for products; sums are f32 in any case.
///   exact: products of the stored values in f32; bf16, f16: weights are held in that type, and the
///   instruction set's own products of that type may be used.
enum class ComputeType { f32, bf16, f16 };

/// A node of a graph, as kernel tables look at it.
struct NodeSite {
  const Graph& graph;
  const Node& node;
  /// Values that do not change between calls (weights and what was computed from them), or empty tensors.
  std::function<Tensor(ValueId)> constant_of;
  /// Is the value constant (constant_of would give it).
  std::function<bool(ValueId)> is_constant;
  ComputeType compute = ComputeType::f32;

  const TensorType& in(size_t i) const { return graph.type_of(node.operands.at(i)); }
  const TensorType& out(size_t i = 0) const { return graph.type_of(node.results.at(i)); }
  size_t num_in() const { return node.operands.size(); }
  bool constant_in(size_t i) const { return i < node.operands.size() && is_constant(node.operands[i]); }
  Tensor constant(size_t i) const { return constant_of(node.operands.at(i)); }
};

/// What create() may use.
struct CompileContext {
  Executor& executor;
  /// Says that bytes [offset, offset + size) of constant operand i have been copied and its pages may go.
  std::function<void(size_t operand, size_t offset_bytes, size_t size_bytes)> release;
};

/// One way to run one op. Several entries may serve an op: the first whose supports() gives no reason wins.
struct KernelEntry {
  std::string op;
  /// Shown in reports and profiles, e.g. "packed_gemm".
  std::string name;
  /// Nothing if it can run the node, else why not. Null: always.
  std::function<std::optional<std::string>(const NodeSite&)> why_not;
  std::function<std::unique_ptr<Kernel>(const NodeSite&, CompileContext&)> create;
};

struct DeviceInfo {
  std::string name;         // "cpu", "cuda:0"
  std::string description;  // as the system reports it
  uint64_t memory_bytes = 0;
  std::vector<std::string> features;
};

/// What a backend found when it looked. Nothing here is assumed: devices are those that answered.
struct ProbeResult {
  bool available = false;
  std::string reason;   // why not, if not available
  std::string version;  // of the engine or of this program
  std::string needs;    // what a user must have for it
  std::vector<DeviceInfo> devices;
};

/// A piece of a model's graph for an engine that takes whole subgraphs. The graph stands alone: its inputs are what
/// comes from outside, in operand order of the kernel; symbols that no input's type defines by itself are in `dims`
/// of ConcreteNode at each call. Values that do not change between calls are `weight` nodes named "w0", "w1", ... in
/// order of first use; small ones that depend on no file are `constant` nodes. So two models of one structure give the
/// same graph.
struct Region {
  const Graph& graph;
  /// What the weight nodes name. Views of mapped files where they can be; the kernel keeps it alive.
  std::shared_ptr<const WeightSource> constants;
  ComputeType compute = ComputeType::f32;
  /// Name of the device, as probe() gave it.
  std::string device;
};

/// What compile_region() may use.
struct RegionContext {
  Executor& executor;
  /// Told what is going on, for a person; may be empty.
  std::function<void(std::string_view)> progress;
  /// A compilation of minutes stops when these say so.
  CallLimits limits;
};

struct CompiledRegion {
  /// Takes the graph's inputs and gives its outputs. Every output has its own memory.
  std::unique_ptr<Kernel> kernel;
  /// It was taken from a cache: nothing was compiled.
  bool cached = false;
  /// Names the compiled form in reports, such as the key of a cache.
  std::string id;
};

/// One folder of src/backends: found by the build, reached only through this interface.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// Looks at the machine; may be slow, has no side effects.
  virtual ProbeResult probe() const = 0;
  /// Higher is preferred by "auto"; negative: only by name.
  virtual int preference() const = 0;
  /// Names of the optional passes (src/passes) that make graphs fit this backend's kernels.
  virtual std::vector<std::string> passes() const { return {}; }
  /// None for an engine that takes regions.
  virtual const std::vector<KernelEntry>& kernels() const {
    static const std::vector<KernelEntry> none;
    return none;
  }
  virtual std::unique_ptr<Stream> make_stream(Executor& executor) const {
    return std::make_unique<HostStream>(executor);
  }

  /// True for an engine that compiles whole regions: the runtime then asks why_not_in_region() instead of kernels().
  virtual bool takes_regions() const { return false; }
  /// A region below this share of all work costs more to compile than it gains.
  virtual double min_region_share() const { return 0.002; }
  /// Nothing if the node can be part of a region, else why not. Never asked for views, weights and constants: a region
  /// may hold any of them.
  virtual std::optional<std::string> why_not_in_region(const NodeSite& site) const {
    return std::string(name()) + " takes no regions (asked for " + site.node.op->name + ")";
  }
  /// Errors: compile_failed with the engine's own words; cancelled, deadline_exceeded. The runtime places the nodes
  /// elsewhere, with the reason, unless the session is strict.
  virtual CompiledRegion compile_region(const Region& region, const RegionContext&) const {
    fail(ErrorCode::compile_failed, "{} takes no regions (graph \"{}\")", name(), region.graph.name());
  }
};

/// All backends of this build, in no particular order (generated by the build).
std::vector<std::unique_ptr<Backend>> make_all_backends();

}  // namespace accelerate
