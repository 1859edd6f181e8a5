#include "backends/cpu/kernels/kernel_table.h"

namespace accelerate::cpu {

namespace portable {
extern const KernelTable kTable;
}
#if defined(ACCELERATE_CPU_X86)
namespace avx2 {
extern const KernelTable kTable;
}
namespace avx512 {
extern const KernelTable kTable;
}
namespace avx512_bf16 {
extern const KernelTable kTable;
}
#endif

const KernelTable& kernel_table(Isa isa) {
#if defined(ACCELERATE_CPU_X86)
  switch (isa) {
    case Isa::portable: break;
    case Isa::avx2: return avx2::kTable;
    case Isa::avx512:
    case Isa::avx512_vnni: return avx512::kTable;
    case Isa::avx512_bf16:
    case Isa::avx512_fp16: return avx512_bf16::kTable;
  }
#else
  (void)isa;
#endif
  return portable::kTable;
}

}  // namespace accelerate::cpu
