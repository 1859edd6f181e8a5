// The cpu backend: kernels of src/backends/cpu/kernels, compiled once an instruction set and chosen at run time.
#include "backend/backend.h"

#include <unistd.h>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate {
namespace {

class CpuBackend : public Backend {
 public:
  CpuBackend() {
    const cpu::KernelTable& table = cpu::kernel_table(selected_isa());
    cpu::add_linear_kernels(kernels_, table);
    cpu::add_attention_kernels(kernels_, table);
    cpu::add_norm_kernels(kernels_, table);
    cpu::add_elementwise_kernels(kernels_, table);
    cpu::add_reduce_kernels(kernels_, table);
    cpu::add_embedding_kernels(kernels_, table);
    cpu::add_conv_kernels(kernels_, table);
    cpu::add_movement_kernels(kernels_, table);
    cpu::add_scan_kernels(kernels_);
    cpu::add_indexing_kernels(kernels_);
    cpu::add_grid_sample_kernels(kernels_);
    cpu::add_grouped_matmul_kernels(kernels_, table);
    cpu::add_fourier_kernels(kernels_);
    cpu::add_recurrence_kernels(kernels_, table);
    cpu::add_triangular_kernels(kernels_);
    cpu::add_rotary_kernels(kernels_);
    // What add_conv_kernels leaves over.
    cpu::add_resize_taps_kernels(kernels_);
    cpu::add_pool_volume_kernels(kernels_);
    cpu::add_conv_volume_kernels(kernels_, table);
  }
  std::string_view name() const override { return "cpu"; }
  ProbeResult probe() const override {
    ProbeResult out;
    out.available = true;
    out.needs = "nothing: any x86-64 or ARM CPU";
    DeviceInfo device;
    device.name = "cpu";
    device.description = cpu_model_name();
    device.memory_bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    for (Isa isa : supported_isas()) device.features.emplace_back(name_of(isa));
    out.devices = {std::move(device)};
    return out;
  }
  int preference() const override { return 10; }
  std::vector<std::string> passes() const override {
    return {"attention_layout", "fuse_linear",     "group_linear",    "fuse_add_norm",   "fuse_conv",
            "channels_last",    "patch_embedding", "fuse_embeddings", "fuse_elementwise"};
  }
  const std::vector<KernelEntry>& kernels() const override { return kernels_; }

 private:
  std::vector<KernelEntry> kernels_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend() {
  return std::make_unique<CpuBackend>();
}

}  // namespace accelerate
