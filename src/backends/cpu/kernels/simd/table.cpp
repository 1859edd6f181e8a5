#include "backends/cpu/kernels/kernel_table.h"
#include "backends/cpu/kernels/simd/gemm_tile.h"
#include "backends/cpu/kernels/simd/kernels.h"

namespace accelerate::cpu::ACCELERATE_TARGET {

extern const KernelTable kTable;
const KernelTable kTable = {
    .isa = Isa::ACCELERATE_TARGET,
    .vector_floats = kW,
    .panel_columns = kPanel,
    .packed_size_bytes = packed_size_bytes,
    .pack = pack,
    .linear_scratch_bytes = linear_scratch_bytes,
    .linear = linear,
    .matmul_scratch_bytes = matmul_scratch_bytes,
    .matmul = matmul,
    .attention_scratch_bytes = attention_scratch_bytes,
    .attention = attention,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .group_norm = group_norm,
    .softmax = softmax,
    .unary = unary,
    .binary = binary,
    .compare = compare,
    .select = select_elements,
    .convert = convert,
    .reduce = reduce,
    .arg_reduce = arg_reduce,
    .embedding = embedding,
    .winograd_pays = winograd_pays,
    .conv_packed_size_bytes = conv_packed_size_bytes,
    .conv_pack = conv_pack,
    .conv_scratch_bytes = conv_scratch_bytes,
    .conv = conv,
    .pool = pool,
    .resize = resize,
    .copy = copy,
};

}  // namespace accelerate::cpu::ACCELERATE_TARGET
