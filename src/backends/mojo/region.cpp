#include "backends/mojo/region.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "backends/mojo/render.h"
#include "backends/mojo/verify.h"
#include "base/error.h"
#include "codegen/lower.h"

namespace accelerate::mojo {
namespace {

using codegen::LoopBuffer;
using codegen::LoopKernel;

constexpr size_t kAlignment = 64;
/// Elements that one task takes.
constexpr int64_t kTaskElements = 16384;

/// Where a value lies during a call.
struct Place {
  enum class Kind : uint8_t { input, output, constant, scratch };
  Kind kind = Kind::scratch;
  size_t index = 0;   // input, output, constant
  size_t offset = 0;  // scratch, in bytes
};

struct Shared {
  codegen::LoopProgram program;
  std::unique_ptr<const Library> library;
  std::vector<Library::Function> functions;
  std::vector<Tensor> constants;
  std::map<ValueId, size_t> constant_of;

  /// The value whose memory this one has.
  ValueId root(ValueId id) const {
    const Node* maker = program.graph.producer(id);
    while (maker != nullptr && maker->op->is_view) {
      id = maker->operands[0];
      maker = program.graph.producer(id);
    }
    return id;
  }
};

/// One kernel with the extents of a call.
struct KernelCall {
  Library::Function function = nullptr;
  std::vector<Place> buffers;
  std::vector<int64_t> parameters;
  int64_t lines = 1;
  int64_t columns = 1;
  int64_t lines_a_task = 1;
  int64_t columns_a_task = 1;
};

struct Copy {
  Place from;
  size_t output = 0;
  size_t size_bytes = 0;
};

class MojoLaunch : public Launch {
 public:
  MojoLaunch(std::shared_ptr<const Shared> shared, std::vector<KernelCall> calls, std::vector<Copy> copies,
             size_t scratch)
      : shared_(std::move(shared)), calls_(std::move(calls)), copies_(std::move(copies)), scratch_(scratch) {}

  size_t scratch_bytes() const override { return scratch_; }

  void record(Stream& stream, const LaunchArgs& args) const override {
    for (const KernelCall& call : calls_) {
      if (call.lines * std::max<int64_t>(call.columns, 1) == 0) continue;
      std::array<void*, LoopKernel::kMaxBuffers> pointers{};
      for (size_t b = 0; b < call.buffers.size(); ++b) pointers[b] = pointer(call.buffers[b], args);
      int64_t row_tasks = (call.lines + call.lines_a_task - 1) / call.lines_a_task;
      int64_t column_tasks = call.columns == 0 ? 1 : (call.columns + call.columns_a_task - 1) / call.columns_a_task;
      stream.executor()->parallel_for(row_tasks * column_tasks, [&](int64_t task, int) {
        int64_t row = task / column_tasks * call.lines_a_task;
        int64_t column = task % column_tasks * call.columns_a_task;
        call.function(pointers.data(), call.parameters.data(), row, std::min(row + call.lines_a_task, call.lines),
                      column, std::min(column + call.columns_a_task, call.columns));
      });
    }
    for (const Copy& copy : copies_) std::memcpy(args.outputs[copy.output], pointer(copy.from, args), copy.size_bytes);
  }

 private:
  void* pointer(const Place& place, const LaunchArgs& args) const {
    switch (place.kind) {
      case Place::Kind::input: return const_cast<void*>(args.inputs[place.index]);
      case Place::Kind::output: return args.outputs[place.index];
      case Place::Kind::constant: return const_cast<void*>(shared_->constants[place.index].data());
      case Place::Kind::scratch: return static_cast<char*>(args.scratch) + place.offset;
    }
    return nullptr;
  }

  std::shared_ptr<const Shared> shared_;
  std::vector<KernelCall> calls_;
  std::vector<Copy> copies_;
  size_t scratch_;
};

/// Axes of a call: the last one is the line.
struct Axis {
  int64_t extent = 1;
  std::array<int64_t, LoopKernel::kMaxBuffers> strides{};
};

std::vector<Axis> axes_of(const LoopKernel& kernel, const DimBindings& dims) {
  std::vector<int64_t> space = evaluate(kernel.space, dims);
  std::vector<Axis> out(space.size());
  for (size_t a = 0; a < space.size(); ++a) out[a].extent = space[a];
  for (size_t b = 0; b < kernel.buffers.size(); ++b) {
    std::vector<int64_t> shape = evaluate(kernel.buffers[b].shape, dims);
    int64_t stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      Axis& axis = out[space.size() - shape.size() + i];
      axis.strides[b] = shape[i] == 1 ? 0 : stride;
      stride *= shape[i];
    }
    // The text has these strides: elements lie side by side, and a line has one of the others.
    out.back().strides[b] = kernel.buffers[b].row ? 0 : 1;
  }
  return out;
}

/// Neighbouring axes become one where every buffer allows it; axes of one element go. The last one stays if lines are
/// reduced.
std::vector<Axis> merged(const std::vector<Axis>& axes, size_t num_buffers, bool keep_last) {
  std::vector<Axis> out = {axes.back()};
  for (size_t a = axes.size() - 1; a-- > 0;) {
    Axis& inner = out.front();
    bool first = out.size() == 1;
    bool fits = !(first && keep_last);
    for (size_t b = 0; b < num_buffers; ++b) fits = fits && axes[a].strides[b] == inner.strides[b] * inner.extent;
    if (axes[a].extent == 1) continue;
    if (fits) {
      inner.extent *= axes[a].extent;
    } else {
      out.insert(out.begin(), axes[a]);
    }
  }
  return out;
}

class MojoKernel : public Kernel {
 public:
  explicit MojoKernel(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}

  std::unique_ptr<Launch> specialize(const ConcreteNode& node) const override {
    const Graph& graph = shared_->program.graph;
    std::map<ValueId, Place> places;
    for (size_t i = 0; i < graph.inputs().size(); ++i) places[graph.inputs()[i]] = {Place::Kind::input, i, 0};
    for (auto [id, index] : shared_->constant_of) places[id] = {Place::Kind::constant, index, 0};
    std::vector<Copy> copies;
    for (size_t o = 0; o < graph.outputs().size(); ++o) {
      ValueId root = shared_->root(graph.outputs()[o].value);
      auto [it, fresh] = places.try_emplace(root, Place{Place::Kind::output, o, 0});
      if (!fresh) copies.push_back({it->second, o, bytes_of(graph.type_of(root), node.dims)});
    }
    size_t scratch = 0;
    std::vector<KernelCall> calls;
    for (size_t k = 0; k < shared_->program.kernels.size(); ++k) {
      const LoopKernel& kernel = shared_->program.kernels[k];
      KernelCall call = call_of(kernel, node);
      call.function = shared_->functions[k];
      for (const LoopBuffer& buffer : kernel.buffers) {
        ValueId root = shared_->root(buffer.value);
        auto [it, fresh] = places.try_emplace(root, Place{Place::Kind::scratch, 0, scratch});
        if (fresh) scratch += (bytes_of(graph.type_of(root), node.dims) + kAlignment - 1) / kAlignment * kAlignment;
        call.buffers.push_back(it->second);
      }
      calls.push_back(std::move(call));
    }
    return std::make_unique<MojoLaunch>(shared_, std::move(calls), std::move(copies), scratch);
  }

 private:
  static size_t bytes_of(const TensorType& type, const DimBindings& dims) {
    size_t out = size_of(type.dtype);
    for (int64_t n : evaluate(type.shape, dims)) out *= static_cast<size_t>(n);
    return out;
  }

  static KernelCall call_of(const LoopKernel& kernel, const ConcreteNode& node) {
    KernelCall call;
    bool reduces = kernel.reduces();
    std::vector<Axis> axes = merged(axes_of(kernel, node.dims), kernel.buffers.size(), reduces);
    size_t outer = axes.size() - 1;
    call.parameters.assign(own_extents_at(kernel.buffers.size()), 0);
    call.parameters[0] = static_cast<int64_t>(outer);
    for (size_t d = 0; d < outer; ++d) {
      call.lines *= axes[d].extent;
      call.parameters[kOuterExtents + d] = axes[d].extent;
      for (size_t b = 0; b < kernel.buffers.size(); ++b)
        call.parameters[kStrides + b * kOuterAxes + d] = axes[d].strides[b];
    }
    for (const Dim& d : kernel.extents) call.parameters.push_back(d.evaluate(node.dims));
    call.columns = axes.back().extent;
    call.columns_a_task = std::max<int64_t>(call.columns, 1);
    call.lines_a_task = std::max<int64_t>(1, kTaskElements / call.columns_a_task);
    if (!reduces && call.columns >= 2 * kTaskElements) call.columns_a_task = kTaskElements;
    return call;
  }

  std::shared_ptr<const Shared> shared_;
};

}  // namespace

CompiledRegion compile_region(const Toolchain& toolchain, const Region& region, const RegionContext& context) {
  auto shared = std::make_shared<Shared>();
  shared->program = codegen::lower(region.graph);
  const Graph& graph = shared->program.graph;
  for (const Node& node : graph.nodes()) {
    bool stored = node.op->name == "weight" || node.op->name == "constant";
    if (!stored) continue;
    shared->constant_of[node.results[0]] = shared->constants.size();
    shared->constants.push_back(node.op->name == "constant" ? node.attrs.tensor("value")
                                                            : region.constants->read(node.attrs.string("name")));
  }
  auto bind = [&shared](const Library& library) {
    shared->functions.clear();
    for (size_t k = 0; k < shared->program.kernels.size(); ++k)
      shared->functions.push_back(library.function("k" + std::to_string(k)));
  };
  Compiled compiled = toolchain.compile(
      render(shared->program.kernels),
      [&](const Library& library) {
        bind(library);
        verify_kernel(MojoKernel(shared), region, context.executor);
      },
      context.progress, context.limits);
  bind(*compiled.library);
  shared->library = std::move(compiled.library);
  CompiledRegion out;
  out.kernel = std::make_unique<MojoKernel>(std::move(shared));
  out.cached = compiled.cached;
  out.id = compiled.key;
  return out;
}

}  // namespace accelerate::mojo
