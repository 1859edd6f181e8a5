// The reference backend: every op by its plain implementation, exact and slow.
#include "backend/backend.h"

#include <cstring>

#include "ops/evaluate.h"
#include "ops/registry.h"

namespace accelerate {
namespace {

class ReferenceLaunch : public Launch {
 public:
  ReferenceLaunch(const OpDef& op, const Attrs& attrs, const std::vector<std::shared_ptr<const Graph>>& regions,
                  std::vector<DType> in_types, std::vector<DType> out_types, const ConcreteNode& node)
      : op_(op),
        attrs_(attrs),
        regions_(regions),
        in_types_(std::move(in_types)),
        out_types_(std::move(out_types)),
        dims_(node.dims),
        in_shapes_(node.inputs.begin(), node.inputs.end()),
        out_shapes_(node.outputs.begin(), node.outputs.end()) {}

  void record(Stream&, const LaunchArgs& args) const override {
    std::vector<Tensor> in;
    std::vector<Tensor> out;
    for (size_t i = 0; i < in_types_.size(); ++i)
      in.push_back(Tensor::borrow(in_types_[i], in_shapes_[i], const_cast<void*>(args.inputs[i]), nullptr));
    for (size_t i = 0; i < out_types_.size(); ++i)
      out.push_back(Tensor::borrow(out_types_[i], out_shapes_[i], args.outputs[i], nullptr));
    EvalContext context(attrs_, dims_, in, out);
    context.run_region = [&](size_t region, std::span<const Tensor> inputs) {
      return ops::evaluate(*regions_.at(region), inputs);
    };
    op_.reference(context);
    // A reference may assign its result instead of writing into it.
    for (size_t i = 0; i < out.size(); ++i)
      if (out[i].data() != args.outputs[i] && out[i].size_bytes() > 0)
        std::memcpy(args.outputs[i], out[i].data(), out[i].size_bytes());
  }

 private:
  const OpDef& op_;
  const Attrs& attrs_;
  const std::vector<std::shared_ptr<const Graph>>& regions_;
  std::vector<DType> in_types_;
  std::vector<DType> out_types_;
  DimBindings dims_;
  std::vector<std::vector<int64_t>> in_shapes_;
  std::vector<std::vector<int64_t>> out_shapes_;
};

class ReferenceKernel : public Kernel {
 public:
  explicit ReferenceKernel(const NodeSite& site)
      : op_(*site.node.op), attrs_(site.node.attrs), regions_(site.node.regions) {
    for (size_t i = 0; i < site.num_in(); ++i) in_types_.push_back(site.in(i).dtype);
    for (size_t i = 0; i < site.node.results.size(); ++i) out_types_.push_back(site.out(i).dtype);
  }
  std::unique_ptr<Launch> specialize(const ConcreteNode& node) const override {
    return std::make_unique<ReferenceLaunch>(op_, attrs_, regions_, in_types_, out_types_, node);
  }

 private:
  const OpDef& op_;
  Attrs attrs_;
  std::vector<std::shared_ptr<const Graph>> regions_;
  std::vector<DType> in_types_;
  std::vector<DType> out_types_;
};

class ReferenceBackend : public Backend {
 public:
  ReferenceBackend() {
    for (const OpDef* op : ops::registry().all()) {
      if (!op->reference) continue;
      kernels_.push_back({op->name, "reference", nullptr, [](const NodeSite& site, CompileContext&) {
                            return std::make_unique<ReferenceKernel>(site);
                          }});
    }
  }
  std::string_view name() const override { return "reference"; }
  ProbeResult probe() const override {
    ProbeResult out;
    out.available = true;
    out.needs = "nothing: it is part of this program";
    out.devices = {{"cpu", "plain scalar code, for checking results", 0, {}}};
    return out;
  }
  int preference() const override { return -1; }
  const std::vector<KernelEntry>& kernels() const override { return kernels_; }

 private:
  std::vector<KernelEntry> kernels_;
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() {
  return std::make_unique<ReferenceBackend>();
}

}  // namespace accelerate
