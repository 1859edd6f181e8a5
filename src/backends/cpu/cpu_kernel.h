#pragma once
// What the files of the cpu backend share: kernels made of two functions, and the table they fill.
#include <functional>
#include <optional>
#include <vector>

#include "backend/backend.h"
#include "backends/cpu/kernels/kernel_table.h"

namespace accelerate::cpu {

/// The result of specialising a node: what to run, and how much scratch it needs.
struct Prepared {
  std::function<void(Executor&, const LaunchArgs&)> run;
  size_t scratch_bytes = 0;
};
using Specialize = std::function<Prepared(const ConcreteNode&)>;

/// A kernel given by its specialise function. `packed` is kept alive beside it; operands in `owned` are not read.
std::unique_ptr<Kernel> make_kernel(Specialize specialize, std::vector<std::shared_ptr<void>> packed = {},
                                    size_t packed_bytes = 0, std::vector<size_t> owned = {});

/// Entries of one group of ops, for the kernels of one instruction set.
using Entries = std::vector<KernelEntry>;
void add_linear_kernels(Entries& entries, const KernelTable& table);
void add_attention_kernels(Entries& entries, const KernelTable& table);
void add_norm_kernels(Entries& entries, const KernelTable& table);
void add_elementwise_kernels(Entries& entries, const KernelTable& table);
void add_reduce_kernels(Entries& entries, const KernelTable& table);
void add_embedding_kernels(Entries& entries, const KernelTable& table);
void add_conv_kernels(Entries& entries, const KernelTable& table);
void add_movement_kernels(Entries& entries, const KernelTable& table);
void add_scan_kernels(Entries& entries);
void add_indexing_kernels(Entries& entries);
void add_grid_sample_kernels(Entries& entries);
void add_grouped_matmul_kernels(Entries& entries, const KernelTable& table);
void add_fourier_kernels(Entries& entries);
void add_recurrence_kernels(Entries& entries, const KernelTable& table);
void add_triangular_kernels(Entries& entries);
void add_rotary_kernels(Entries& entries);
void add_resize_taps_kernels(Entries& entries);
void add_pool_volume_kernels(Entries& entries);
void add_conv_volume_kernels(Entries& entries, const KernelTable& table);

/// The kernels' element type, if they have one for it.
std::optional<Element> element_of(DType dtype);
/// The same for a type that why_not has let pass. Errors: internal.
Element known_element(DType dtype);

/// Reasons why a node cannot run, or nothing.
std::optional<std::string> require_f32(const NodeSite& site, std::initializer_list<size_t> operands);

/// Activation by the name that the fused ops use. Errors: internal for an unknown name.
Activation activation_from_name(const std::string& name);
bool is_activation(const std::string& name);

int64_t product(std::span<const int64_t> extents);

/// A strided copy of extents `dims`; axes that can be merged are. Strides in elements.
CopyArgs make_copy(std::span<const int64_t> dims, std::span<const int64_t> src_strides,
                   std::span<const int64_t> dst_strides, size_t element_size);
std::vector<int64_t> contiguous_strides(std::span<const int64_t> shape);

}  // namespace accelerate::cpu
