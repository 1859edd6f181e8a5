#include "backends/openvino/region.h"

#include <limits>

#include "backend/region_support.h"
#include "base/error.h"
#include "base/hash.h"

namespace accelerate::openvino_engine {
namespace {

struct Shared {
  std::vector<Dim> dims;
  std::vector<DType> inputs;
  std::vector<DType> outputs;
  std::vector<CheckedIndex> indices;
  std::unique_ptr<const CompiledModel> model;
};

int64_t count_of(const std::vector<int64_t>& shape) {
  int64_t out = 1;
  for (int64_t n : shape) out *= n;
  return out;
}

class OpenvinoLaunch : public Launch {
 public:
  OpenvinoLaunch(std::shared_ptr<const Shared> shared, const ConcreteNode& node)
      : shared_(std::move(shared)),
        inputs_(node.inputs.begin(), node.inputs.end()),
        outputs_(node.outputs.begin(), node.outputs.end()) {
    if (!shared_->dims.empty()) {
      dims_ = evaluate(shared_->dims, node.dims);
      dims_shape_ = {static_cast<int64_t>(dims_.size())};
    }
  }

  void record(Stream&, const LaunchArgs& args) const override {
    // The engine gives zeros for an index outside; it is refused as on the CPU where it comes from outside the region.
    for (const CheckedIndex& index : shared_->indices)
      check_index(index, inputs_[index.input], args.inputs[index.input]);
    std::vector<CompiledModel::Argument> inputs;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (shared_->inputs[i] == DType::i64) check_width(i, static_cast<const int64_t*>(args.inputs[i]));
      inputs.push_back({shared_->inputs[i], inputs_[i], args.inputs[i]});
    }
    if (!dims_.empty()) inputs.push_back({DType::i64, dims_shape_, dims_.data()});
    std::vector<CompiledModel::Argument> outputs;
    for (size_t i = 0; i < outputs_.size(); ++i) outputs.push_back({shared_->outputs[i], outputs_[i], args.outputs[i]});
    shared_->model->run(inputs, outputs);
  }

 private:
  /// The engine holds 64-bit integers in 32 bits.
  void check_width(size_t input, const int64_t* data) const {
    for (int64_t i = 0, n = count_of(inputs_[input]); i < n; ++i)
      if (data[i] < std::numeric_limits<int32_t>::min() || data[i] > std::numeric_limits<int32_t>::max())
        fail(ErrorCode::invalid_argument,
             "{} in an i64 input: OpenVINO holds integers in 32 bits; run this model on the cpu device", data[i]);
  }

  std::shared_ptr<const Shared> shared_;
  std::vector<std::vector<int64_t>> inputs_;
  std::vector<std::vector<int64_t>> outputs_;
  std::vector<int64_t> dims_;
  std::vector<int64_t> dims_shape_;
};

class OpenvinoKernel : public Kernel {
 public:
  explicit OpenvinoKernel(std::shared_ptr<const Shared> shared) : shared_(std::move(shared)) {}
  std::unique_ptr<Launch> specialize(const ConcreteNode& node) const override {
    return std::make_unique<OpenvinoLaunch>(shared_, node);
  }

 private:
  std::shared_ptr<const Shared> shared_;
};

}  // namespace

CompiledRegion compile_region(const Engine& engine, const Region& region, const RegionContext& context) {
  auto shared = std::make_shared<Shared>();
  IrText text = write_ir(region.graph, *region.constants);
  shared->dims = text.dims;
  for (ValueId id : region.graph.inputs()) shared->inputs.push_back(region.graph.type_of(id).dtype);
  for (const auto& output : region.graph.outputs()) shared->outputs.push_back(region.graph.type_of(output.value).dtype);
  shared->indices = checked_indices(region.graph);
  context.limits.check();
  if (context.progress) context.progress("compiling");
  shared->model = std::make_unique<const CompiledModel>(engine, text, region.device, region.compute,
                                                        context.executor.num_threads());
  context.limits.check();
  CompiledRegion out;
  out.cached = shared->model->from_cache();
  out.id = sha256_hex(text.text).substr(0, 16);
  out.kernel = std::make_unique<OpenvinoKernel>(std::move(shared));
  return out;
}

}  // namespace accelerate::openvino_engine
