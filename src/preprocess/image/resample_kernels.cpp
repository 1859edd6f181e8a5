#include "preprocess/image/resample_kernels.h"

#include <cstring>

namespace accelerate {
namespace {
#include "preprocess/image/resample_kernels.inc"
}  // namespace

#ifdef ACCELERATE_IMAGE_AVX2
const ResampleKernels& resample_kernels_avx2();
#endif

const ResampleKernels& resample_kernels([[maybe_unused]] Isa isa) {
#ifdef ACCELERATE_IMAGE_AVX2
  if (isa >= Isa::avx2) return resample_kernels_avx2();
#endif
  return kKernels;
}

}  // namespace accelerate
