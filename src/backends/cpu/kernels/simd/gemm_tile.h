#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "backends/cpu/kernels/simd/simd.h"

// The register tile of every dense product: up to kMaxRows rows of A times a packed panel of kPanel columns.
namespace accelerate::cpu::ACCELERATE_TARGET {

constexpr int kPanel = 2 * kW;

/// Element layouts of a packed panel. f32, f16: [K][kPanel]. bf16: [ceil(K/2)][kPanel][2], two steps of k of a
/// column side by side, the odd last one paired with 0. bf16_native reads the same panel, and A as pairs of
/// bf16 (each float of A's row holds two).
enum class PanelType { f32, bf16, f16, bf16_native };

/// How accumulators start and end. They start from c (a later slice of K), or from the bias, where given; then the
/// residual is added at the end.
struct TileStart {
  bool accumulate = false;
  /// c and the residual are larger than a cache: their lines are asked for early.
  bool fetch = false;
  const float* bias = nullptr;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
  /// Part of what will be multiplied next, asked for while this tile runs: fetched_bytes(kc) from here.
  const char* next = nullptr;
  /// Where the results go instead of c, whole rows of kPanel floats.
  float* to = nullptr;
  /// Bounds of what is stored: relu and relu6 at no cost of their own.
  bool bounded = false;
  float low = 0.0f, high = 0.0f;
};

/// c [rows, n] (+)= a [rows, kc] * panel, n <= kPanel columns. kc counts bf16 pairs for bf16_native.
using TileFn = void (*)(const float* a, int64_t a_stride, int64_t kc, const void* panel, float* c, int64_t c_stride,
                        int64_t n, const TileStart& start);

/// A line in four steps.
constexpr int64_t fetched_bytes(int64_t kc) {
  return kc / 4 * 64;
}

/// A whose columns come in segments: column s * kc + k of row i is at a[offsets[s] + i * a_stride + k].
struct Segments {
  const int64_t* offsets = nullptr;
  int64_t count = 0;
};

/// c [rows, n] = A [rows, segments.count * kc] * panel of f32, as above.
using SegmentTileFn = void (*)(const float* a, int64_t a_stride, const Segments& segments, int64_t kc,
                               const void* panel, float* c, int64_t c_stride, int64_t n, const TileStart& start);
SegmentTileFn segment_tile_fn(int64_t rows);

/// The tile of 1..kMaxRows rows. bf16_native exists only where the instruction set has it.
TileFn tile_fn(PanelType type, int64_t rows);

}  // namespace accelerate::cpu::ACCELERATE_TARGET
