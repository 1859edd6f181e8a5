#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "backends/cpu/kernels/simd/simd.h"

// Convolution with 3x3 kernels at stride 1 by Winograd's F(4x4, 3x3): each 4x4 tile of a result takes 36 products a
// pair of channels where the definition takes 144. Sums differ from the definition's by rounding alone; the points of
// interpolation are chosen for an error near that of a plain sum.
// Source: Lavin & Gray 2016, arXiv:1509.09308; points: Alam et al. 2022, arXiv:2201.10369.
namespace accelerate {
class Executor;
}
namespace accelerate::cpu::ACCELERATE_TARGET {

// As the conv_* functions of a table, for shapes of ConvMethod::winograd.
size_t winograd_packed_size_bytes(const ConvShape&);
void winograd_pack(const ConvPackArgs&);
size_t winograd_scratch_bytes(const ConvArgs&, int num_threads);
void winograd(const ConvArgs&, Executor&, void* scratch);

}  // namespace accelerate::cpu::ACCELERATE_TARGET
