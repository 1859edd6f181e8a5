#pragma once
#include <span>
#include <string>

#include "codegen/loop_kernel.h"

namespace accelerate::mojo {

/// Extents before the last axis that a kernel can loop over.
inline constexpr size_t kOuterAxes = 8;

/// Where things lie in the parameters of a call (int64): the number of outer axes, their extents, for each buffer its
/// strides along them, the kernel's own extents.
inline constexpr size_t kOuterExtents = 1;
inline constexpr size_t kStrides = kOuterExtents + kOuterAxes;
inline constexpr size_t own_extents_at(size_t num_buffers) {
  return kStrides + num_buffers * kOuterAxes;
}

/// A module of Mojo that exports k0, k1, ...: each `(buffers, parameters, first line, last line, first column, last
/// column)`. Bool is one byte. No name of a model is in it.
std::string render(std::span<const codegen::LoopKernel> kernels);

}  // namespace accelerate::mojo
