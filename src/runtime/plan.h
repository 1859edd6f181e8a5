#pragma once
// The compiled form of a graph: what runs where, and the plan of one set of concrete extents.
#include <atomic>
#include <list>
#include <mutex>

#include "backend/backend.h"
#include "runtime/session.h"

namespace accelerate {

/// The op of a node and where it came from, for errors.
inline std::string describe(const Node& node) {
  return node.op->name + (node.location.empty() ? "" : " at " + node.location);
}

/// Does the evaluator run the node's regions (control flow), rather than one kernel the whole node.
inline bool runs_regions(const Node& node) {
  return !node.regions.empty() && !node.op->is_elementwise;
}

/// Where the bytes of a value are during a call.
struct Place {
  enum class Kind : uint8_t { none, arena, constant, input, output };
  Kind kind = Kind::none;
  size_t offset = 0;  // arena: bytes
  size_t index = 0;   // constant, input, output: which
};

/// One node, or one region, to run.
struct Step {
  /// Indices into the plan graph's nodes: one, or those of a region in order.
  std::vector<int> nodes;
  bool is_region = false;
  std::vector<ValueId> inputs;   // the node's operands; what the region reads
  std::vector<ValueId> outputs;  // the node's results; what others read of the region
  size_t backend = 0;
  std::string kernel_name;
  std::unique_ptr<Kernel> kernel;
};

/// Everything that depends on the extents of the inputs: shapes, memory plan, launches. Immutable.
struct Specialization {
  std::vector<std::vector<int64_t>> input_shapes;  // the key
  DimBindings dims;
  std::vector<std::vector<int64_t>> shapes;       // by value
  std::vector<std::unique_ptr<Launch>> launches;  // by step
  std::vector<Place> places;                      // by value, roots of views resolved
  /// Outputs that are inputs, constants or second names of another output: copied at the end.
  struct Copy {
    Place from;
    size_t output = 0;
    size_t size_bytes = 0;
  };
  std::vector<Copy> copies;
  size_t arena_bytes = 0;    // activations
  size_t scratch_bytes = 0;  // after them
};

/// Private memory of one running call.
struct ExecutionContext {
  std::shared_ptr<void> arena;
  size_t arena_capacity = 0;
  std::vector<const void*> input_pointers;
  std::vector<void*> output_pointers;
};

struct SessionState {
  SessionOptions options;
  std::vector<std::unique_ptr<Backend>> backends;
  std::vector<size_t> order;  // backends to place on, best first
  std::unique_ptr<Executor> executor;
  std::vector<std::unique_ptr<Stream>> streams;  // by backend
  DeviceRequest request;
  std::string backend;
  std::string device;
  std::string fallback_reason;
};

struct Model::Impl {
  std::shared_ptr<const SessionState> session;
  Graph graph;
  Graph plan;
  std::shared_ptr<const WeightSource> weights;
  ModelReport report;
  std::vector<ValueId> roots;       // by value: the value whose bytes it shares
  std::vector<Tensor> constants;    // referred to by Place::index
  std::vector<int> constant_index;  // by value, -1 if not constant
  std::vector<Step> steps;          // in execution order
  /// Execution order with views between the steps: an index into steps, or ~node for a view.
  std::vector<int> schedule;
  /// Some extents are known only when data is seen, or nodes have regions: node-by-node execution.
  bool dynamic = false;

  mutable std::mutex mutex;
  mutable std::list<std::shared_ptr<const Specialization>> specializations;  // most recent first
  mutable std::vector<std::unique_ptr<ExecutionContext>> idle_contexts;
  mutable std::atomic<size_t> last_arena_bytes{0};
};

/// As describe(node), for a step.
std::string describe(const Model::Impl& model, const Step& step);

/// Passes, placement, packing. Errors as InferenceSession::load.
std::shared_ptr<Model::Impl> compile(std::shared_ptr<const SessionState> session, const Graph& graph,
                                     std::shared_ptr<const WeightSource> weights);

/// Checks the extents of one call by the op's own rule: symbols that were assumed to fit together may not.
/// Errors: invalid_shape.
void check_extents(const Graph& graph, const Node& node, std::span<const std::vector<int64_t>> operands,
                   std::span<const std::vector<int64_t>> results, const DimBindings& dims);

/// Errors: invalid_shape if an extent comes out negative or a kernel refuses the extents.
std::shared_ptr<const Specialization> specialize(const Model::Impl& model, std::span<const Tensor> inputs);

/// Assigns offsets to blocks so that blocks alive at the same time never overlap (greedy by size).
struct Block {
  size_t size_bytes = 0;
  int first_step = 0;
  int last_step = 0;
  size_t offset = 0;  // result
};
/// Returns the total size.
size_t plan_memory(std::vector<Block>& blocks);

}  // namespace accelerate
