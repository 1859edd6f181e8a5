// Compiled with the flags of AVX2 where the target has it; empty elsewhere.
#ifdef __AVX2__
#include <cstring>

#include "preprocess/image/resample_kernels.h"

namespace accelerate {
namespace {
#include "preprocess/image/resample_kernels.inc"
}  // namespace

const ResampleKernels& resample_kernels_avx2() {
  return kKernels;
}

}  // namespace accelerate
#endif
