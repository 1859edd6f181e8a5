#include "backends/cpu/cpu_kernel.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace accelerate::cpu {
namespace {

class FunctionLaunch : public Launch {
 public:
  explicit FunctionLaunch(Prepared prepared) : prepared_(std::move(prepared)) {}
  size_t scratch_bytes() const override { return prepared_.scratch_bytes; }
  void record(Stream& stream, const LaunchArgs& args) const override { prepared_.run(*stream.executor(), args); }

 private:
  Prepared prepared_;
};

class FunctionKernel : public Kernel {
 public:
  FunctionKernel(Specialize specialize, std::vector<std::shared_ptr<void>> packed, size_t packed_bytes,
                 std::vector<size_t> owned)
      : specialize_(std::move(specialize)),
        packed_(std::move(packed)),
        packed_bytes_(packed_bytes),
        owned_(std::move(owned)) {}
  std::unique_ptr<Launch> specialize(const ConcreteNode& node) const override {
    return std::make_unique<FunctionLaunch>(specialize_(node));
  }
  size_t packed_bytes() const override { return packed_bytes_; }
  bool owns_operand(size_t i) const override { return std::find(owned_.begin(), owned_.end(), i) != owned_.end(); }

 private:
  Specialize specialize_;
  std::vector<std::shared_ptr<void>> packed_;
  size_t packed_bytes_;
  std::vector<size_t> owned_;
};

struct NamedActivation {
  std::string_view name;
  Activation activation;
};
constexpr std::array<NamedActivation, 8> kActivations = {{{"none", Activation::none},
                                                          {"relu", Activation::relu},
                                                          {"gelu", Activation::gelu},
                                                          {"gelu_tanh", Activation::gelu_tanh},
                                                          {"quick_gelu", Activation::quick_gelu},
                                                          {"silu", Activation::silu},
                                                          {"tanh", Activation::tanh},
                                                          {"sigmoid", Activation::sigmoid}}};

}  // namespace

std::unique_ptr<Kernel> make_kernel(Specialize specialize, std::vector<std::shared_ptr<void>> packed,
                                    size_t packed_bytes, std::vector<size_t> owned) {
  return std::make_unique<FunctionKernel>(std::move(specialize), std::move(packed), packed_bytes, std::move(owned));
}

std::optional<Element> element_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return Element::f32;
    case DType::bf16: return Element::bf16;
    case DType::f16: return Element::f16;
    case DType::i32: return Element::i32;
    case DType::i64: return Element::i64;
    case DType::boolean:
    case DType::u8: return Element::u8;
    default: return std::nullopt;
  }
}

Element known_element(DType dtype) {
  auto element = element_of(dtype);
  if (!element) fail(ErrorCode::internal, "the cpu kernels have no element type for {}", name_of(dtype));
  return *element;
}

std::optional<std::string> require_f32(const NodeSite& site, std::initializer_list<size_t> operands) {
  for (size_t i : operands) {
    if (i < site.num_in() && site.in(i).dtype != DType::f32)
      return fmt::format("operand {} is {}; this kernel takes f32", i, name_of(site.in(i).dtype));
  }
  return std::nullopt;
}

Activation activation_from_name(const std::string& name) {
  for (const auto& entry : kActivations)
    if (entry.name == name) return entry.activation;
  fail(ErrorCode::internal, "unknown fused activation \"{}\"", name);
}

bool is_activation(const std::string& name) {
  return std::any_of(kActivations.begin(), kActivations.end(),
                     [&](const NamedActivation& entry) { return entry.name == name; });
}

int64_t product(std::span<const int64_t> extents) {
  int64_t out = 1;
  for (int64_t extent : extents) out *= extent;
  return out;
}

std::vector<int64_t> contiguous_strides(std::span<const int64_t> shape) {
  std::vector<int64_t> out(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) out[i - 1] = out[i] * shape[i];
  return out;
}

CopyArgs make_copy(std::span<const int64_t> dims, std::span<const int64_t> src_strides,
                   std::span<const int64_t> dst_strides, size_t element_size) {
  CopyArgs args;
  args.element_size = element_size;
  std::vector<std::array<int64_t, 3>> axes;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (!axes.empty() && axes.back()[1] == src_strides[i] * dims[i] && axes.back()[2] == dst_strides[i] * dims[i]) {
      axes.back() = {axes.back()[0] * dims[i], src_strides[i], dst_strides[i]};
    } else {
      axes.push_back({dims[i], src_strides[i], dst_strides[i]});
    }
  }
  if (axes.size() > CopyArgs::kMaxRank)
    fail(ErrorCode::invalid_shape, "a copy of rank {} was asked for; at most {} is served", axes.size(),
         CopyArgs::kMaxRank);
  args.rank = static_cast<int>(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    args.dims[i] = axes[i][0];
    args.src_strides[i] = axes[i][1];
    args.dst_strides[i] = axes[i][2];
  }
  return args;
}

}  // namespace accelerate::cpu
