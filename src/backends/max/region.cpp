#include "backends/max/region.h"

#include <algorithm>

#include "backend/region_support.h"
#include "backends/max/mo/writer.h"
#include "base/error.h"

namespace accelerate::max_engine {
namespace {

int element_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return kF64;
    case DType::f32: return kF32;
    case DType::f16: return kF16;
    case DType::bf16: return kBf16;
    case DType::i64: return kS64;
    case DType::i32: return kS32;
    case DType::i16: return kS16;
    case DType::i8: return kS8;
    case DType::u64: return kU64;
    case DType::u32: return kU32;
    case DType::u16: return kU16;
    case DType::u8: return kU8;
    case DType::boolean: return kBool;
    default: break;
  }
  fail(ErrorCode::internal, "MAX has no element type for {}", name_of(dtype));
}

/// What a call needs beside the pointers, made once for each set of extents.
struct CallPlan {
  std::vector<std::vector<int64_t>> shapes;  // of all arguments, carriers last
  std::vector<size_t> result_bytes;
};

struct Shared {
  MoText text;
  std::vector<int> argument_types;
  std::vector<TensorType> results;
  std::vector<CheckedIndex> indices;
  std::unique_ptr<const LoadedGraph> graph;
};

class MaxLaunch : public Launch {
 public:
  MaxLaunch(std::shared_ptr<const Shared> shared, CallPlan plan) : shared_(std::move(shared)), plan_(std::move(plan)) {}

  void record(Stream&, const LaunchArgs& args) const override {
    // The engine reads whatever memory an index points to.
    for (const CheckedIndex& index : shared_->indices)
      check_index(index, plan_.shapes[index.input], args.inputs[index.input]);
    std::vector<LoadedGraph::Argument> arguments;
    const MoText& text = shared_->text;
    for (size_t i = 0; i < text.arguments.size(); ++i)
      arguments.push_back({text.arguments[i].c_str(), shared_->argument_types[i], plan_.shapes[i], args.inputs[i]});
    for (size_t c = 0; c < text.carriers.size(); ++c)
      arguments.push_back({text.carriers[c].name.c_str(), kU8, plan_.shapes[text.arguments.size() + c], nullptr});
    std::vector<LoadedGraph::Result> results;
    for (size_t i = 0; i < text.results.size(); ++i)
      results.push_back({text.results[i].c_str(), plan_.result_bytes[i], args.outputs[i]});
    shared_->graph->run(arguments, results);
  }

 private:
  std::shared_ptr<const Shared> shared_;
  CallPlan plan_;
};

class MaxKernel : public Kernel {
 public:
  explicit MaxKernel(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}

  std::unique_ptr<Launch> specialize(const ConcreteNode& node) const override {
    CallPlan plan;
    plan.shapes.assign(node.inputs.begin(), node.inputs.end());
    for (const MoText::Carrier& carrier : shared_->text.carriers) {
      plan.shapes.push_back(evaluate(carrier.dims, node.dims));
      plan.shapes.back().push_back(0);
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      size_t bytes = size_of(shared_->results[i].dtype);
      for (int64_t n : node.outputs[i]) bytes *= static_cast<size_t>(n);
      plan.result_bytes.push_back(bytes);
    }
    return std::make_unique<MaxLaunch>(shared_, std::move(plan));
  }

 private:
  std::shared_ptr<const Shared> shared_;
};

}  // namespace

CompiledRegion compile_region(const Engine& engine, const Region& region, const RegionContext& context) {
  auto shared = std::make_shared<Shared>();
  shared->text = write_mo(region.graph);
  for (ValueId id : region.graph.inputs())
    shared->argument_types.push_back(element_type(region.graph.type_of(id).dtype));
  for (const auto& output : region.graph.outputs()) shared->results.push_back(region.graph.type_of(output.value));
  shared->indices = checked_indices(region.graph);
  CompiledText compiled = compile_text(engine.installation(), engine.identity(), engine.cache(), shared->text.text,
                                       context.progress, context.limits);
  std::vector<LoadedGraph::External> externals;
  for (size_t i = 0; i < shared->text.externals.size(); ++i) {
    Tensor value = region.constants->read(shared->text.externals[i]);
    // The text asks for the alignment of an element; what a file does not align is copied.
    if (reinterpret_cast<uintptr_t>(value.data()) % std::max<size_t>(size_of(value.dtype()), 1) != 0)
      value = value.clone();
    externals.push_back({"w" + std::to_string(i), std::move(value)});
  }
  context.limits.check();
  shared->graph = std::make_unique<const LoadedGraph>(engine, compiled.file, std::move(externals));
  return {std::make_unique<MaxKernel>(std::move(shared)), compiled.cached, compiled.key};
}

}  // namespace accelerate::max_engine
