#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "backends/cpu/kernels/simd/simd.h"

// The kernels of one instruction set, as its table lists them.
namespace accelerate {
class Executor;
}
namespace accelerate::cpu::ACCELERATE_TARGET {

size_t packed_size_bytes(int64_t n, int64_t k, Element type);
void pack(const PackArgs&);
size_t linear_scratch_bytes(const LinearArgs&, int num_threads);
void linear(const LinearArgs&, Executor&, void* scratch);
size_t matmul_scratch_bytes(const MatmulArgs&, int num_threads);
void matmul(const MatmulArgs&, Executor&, void* scratch);
size_t attention_scratch_bytes(const AttentionArgs&, int num_threads);
void attention(const AttentionArgs&, Executor&, void* scratch);
void layer_norm(const NormArgs&, Executor&);
void rms_norm(const NormArgs&, Executor&);
void group_norm(const GroupNormArgs&, Executor&);
void softmax(const SoftmaxArgs&, Executor&);
void unary(Unary op, int64_t n, const float* x, float* y, float p0, float p1);
void binary(Binary op, int64_t n, Operand a, Operand b, float* y);
void compare(Compare op, int64_t n, Operand a, Operand b, uint8_t* y);
void select_elements(int64_t n, const uint8_t* condition, Operand a, Operand b, float* y);
void convert(int64_t n, const void* x, Element from, void* y, Element to);
void reduce(Reduce op, const ReduceArgs&, Executor&);
void arg_reduce(const ArgReduceArgs&, Executor&);
int64_t embedding(const EmbeddingArgs&, Executor&);
bool winograd_pays(const ConvShape&);
size_t conv_packed_size_bytes(const ConvShape&);
void conv_pack(const ConvPackArgs&);
size_t conv_scratch_bytes(const ConvArgs&, int num_threads);
void conv(const ConvArgs&, Executor&, void* scratch);
void pool(const PoolArgs&, Executor&);
void resize(const ResizeArgs&, Executor&);
void copy(const CopyArgs&, Executor&);

}  // namespace accelerate::cpu::ACCELERATE_TARGET
