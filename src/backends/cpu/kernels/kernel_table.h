#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "base/cpu_features.h"
#include "base/executor.h"

namespace accelerate::cpu {

/// The kernels compiled for one instruction set. All are re-entrant, allocate nothing and keep no state.
/// Arguments are taken as valid: the caller checks shapes. Those that take an Executor run on its threads and
/// return when done. scratch is a 64-byte aligned buffer of the size that the matching *_scratch_bytes names for the
/// executor's number of threads (may be null when that is 0); its content needs no preparation.
struct KernelTable {
  Isa isa;            // what the kernels were compiled for
  int vector_floats;  // floats in a vector register
  int panel_columns;  // columns of W in one packed panel

  // Dense products
  size_t (*packed_size_bytes)(int64_t n, int64_t k, Element type);
  void (*pack)(const PackArgs&);
  size_t (*linear_scratch_bytes)(const LinearArgs&, int num_threads);
  void (*linear)(const LinearArgs&, Executor&, void* scratch);
  size_t (*matmul_scratch_bytes)(const MatmulArgs&, int num_threads);
  void (*matmul)(const MatmulArgs&, Executor&, void* scratch);

  size_t (*attention_scratch_bytes)(const AttentionArgs&, int num_threads);
  void (*attention)(const AttentionArgs&, Executor&, void* scratch);

  // Normalisation
  void (*layer_norm)(const NormArgs&, Executor&);
  void (*rms_norm)(const NormArgs&, Executor&);
  void (*group_norm)(const GroupNormArgs&, Executor&);
  void (*softmax)(const SoftmaxArgs&, Executor&);

  // Tiles: one thread, n contiguous elements. y may be an operand. The caller tiles and broadcasts.
  void (*unary)(Unary op, int64_t n, const float* x, float* y, float p0, float p1);
  void (*binary)(Binary op, int64_t n, Operand a, Operand b, float* y);
  void (*compare)(Compare op, int64_t n, Operand a, Operand b, uint8_t* y);
  /// y = condition ? a : b
  void (*select)(int64_t n, const uint8_t* condition, Operand a, Operand b, float* y);
  /// Between any two element types. Floats round to nearest even; float to integer truncates, out of range and NaN
  /// give the least integer (u8: the low 8 bits of the i32).
  void (*convert)(int64_t n, const void* x, Element from, void* y, Element to);

  // Reductions
  void (*reduce)(Reduce op, const ReduceArgs&, Executor&);
  void (*arg_reduce)(const ArgReduceArgs&, Executor&);

  /// Returns -1, or row * kMaxTables + table of an id that is out of range (then y is unspecified).
  int64_t (*embedding)(const EmbeddingArgs&, Executor&);

  // Images, NHWC
  /// Whether method winograd serves the shape of an NHWC input and is the faster one. Extents of 0 are unknown yet.
  bool (*winograd_pays)(const ConvShape&);
  size_t (*conv_packed_size_bytes)(const ConvShape&);
  void (*conv_pack)(const ConvPackArgs&);
  size_t (*conv_scratch_bytes)(const ConvArgs&, int num_threads);
  void (*conv)(const ConvArgs&, Executor&, void* scratch);
  void (*pool)(const PoolArgs&, Executor&);
  void (*resize)(const ResizeArgs&, Executor&);

  void (*copy)(const CopyArgs&, Executor&);
};

/// The kernels for an instruction set; one without kernels of its own gets those of the next lesser set
/// (avx512_vnni: avx512; avx512_fp16: avx512_bf16). The caller passes a supported set.
const KernelTable& kernel_table(Isa isa);

}  // namespace accelerate::cpu
