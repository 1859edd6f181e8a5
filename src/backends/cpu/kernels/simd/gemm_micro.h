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

/// How accumulators start: from c (a later slice of K), or from bias plus residual, where given.
struct TileStart {
  bool accumulate = false;
  const float* bias = nullptr;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
};

/// c [rows, n] (+)= a [rows, kc] * panel, n <= kPanel columns. kc counts bf16 pairs for bf16_native.
using TileFn = void (*)(const float* a, int64_t a_stride, int64_t kc, const void* panel, float* c, int64_t c_stride,
                        int64_t n, const TileStart& start);

template <int kRows, PanelType kType>
struct Tile {
  // Enough chains of additions to hide their latency.
  static constexpr int kSets = kRows <= 2 ? 4 : kRows <= 4 && kMaxRows > 6 ? 2 : 1;

  ACCELERATE_INLINE float a_at(const float* const* base, int64_t a_stride, int row, int64_t k) {
    return base[row / 3][(row % 3) * a_stride + k];
  }

#if defined(__AVX512BF16__)
  ACCELERATE_INLINE V dot_pairs(V sum, float a, I b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)as_int(set(a)), (__m512bh)b);
  }
#endif

  static void run(const float* a, int64_t a_stride, int64_t kc, const void* panel, float* c, int64_t c_stride,
                  int64_t n, const TileStart& start) {
    V acc[kSets][kRows][2];
    if (start.accumulate) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const float* from = c + i * c_stride;
        acc[0][i][0] = n >= kPanel ? load(from) : load_n(from, n);
        acc[0][i][1] = n >= kPanel ? load(from + kW) : n > kW ? load_n(from + kW, n - kW) : zero();
      }
    } else {
      V bias0 = zero(), bias1 = zero();
      if (start.bias) {
        bias0 = load_n(start.bias, n);
        if (n > kW) bias1 = load_n(start.bias + kW, n - kW);
      }
      if (start.residual) {
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const float* from = start.residual + i * start.residual_stride;
          acc[0][i][0] = bias0 + load_n(from, n);
          acc[0][i][1] = n > kW ? bias1 + load_n(from + kW, n - kW) : zero();
        }
      } else {
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          acc[0][i][0] = bias0;
          acc[0][i][1] = bias1;
        }
      }
    }
#pragma GCC unroll 4
    for (int s = 1; s < kSets; ++s) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) acc[s][i][0] = acc[s][i][1] = zero();
    }

    const float* base[(kRows + 2) / 3];
#pragma GCC unroll 8
    for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] = a + 3 * i * a_stride;

    if constexpr (kType == PanelType::f32 || kType == PanelType::f16) {
      using Stored = std_conditional<kType == PanelType::f32, float, uint16_t>;
      const Stored* b = static_cast<const Stored*>(panel);
      const auto step = [&](int s, int ahead) __attribute__((always_inline)) {
        V b0, b1;
        if constexpr (kType == PanelType::f32) {
          b0 = load(b + ahead * kPanel);
          b1 = load(b + ahead * kPanel + kW);
          __builtin_prefetch(b + (ahead + 16) * kPanel);
          if (kW == 16) __builtin_prefetch(b + (ahead + 16) * kPanel + kW);
        } else {
          b0 = load_f16(b + ahead * kPanel);
          b1 = load_f16(b + ahead * kPanel + kW);
        }
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const V x = set(a_at(base, a_stride, i, ahead));
          acc[s][i][0] = fma(x, b0, acc[s][i][0]);
          acc[s][i][1] = fma(x, b1, acc[s][i][1]);
        }
      };
      constexpr int kUnroll = 4;
      int64_t k = 0;
      for (; k + kUnroll <= kc; k += kUnroll) {
#pragma GCC unroll 4
        for (int u = 0; u < kUnroll; ++u) step(u % kSets, u);
        b += kUnroll * kPanel;
#pragma GCC unroll 8
        for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] += kUnroll;
      }
      for (; k < kc; ++k) {
        step(0, 0);
        b += kPanel;
#pragma GCC unroll 8
        for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] += 1;
      }
    } else if constexpr (kType == PanelType::bf16) {
      const int32_t* b = static_cast<const int32_t*>(panel);
      const I high = iset(static_cast<int32_t>(0xffff0000u));
      int64_t k = 0;
      for (; k + 2 <= kc; k += 2) {
        const I pair0 = iload(b), pair1 = iload(b + kW);
        const V even0 = as_float(ishl<16>(pair0)), even1 = as_float(ishl<16>(pair1));
        const V odd0 = as_float(iand(pair0, high)), odd1 = as_float(iand(pair1, high));
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const V x = set(a_at(base, a_stride, i, 0));
          acc[0][i][0] = fma(x, even0, acc[0][i][0]);
          acc[0][i][1] = fma(x, even1, acc[0][i][1]);
        }
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const V x = set(a_at(base, a_stride, i, 1));
          acc[kSets - 1][i][0] = fma(x, odd0, acc[kSets - 1][i][0]);
          acc[kSets - 1][i][1] = fma(x, odd1, acc[kSets - 1][i][1]);
        }
        b += kPanel;
#pragma GCC unroll 8
        for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] += 2;
      }
      if (k < kc) {
        const V even0 = as_float(ishl<16>(iload(b))), even1 = as_float(ishl<16>(iload(b + kW)));
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const V x = set(a_at(base, a_stride, i, 0));
          acc[0][i][0] = fma(x, even0, acc[0][i][0]);
          acc[0][i][1] = fma(x, even1, acc[0][i][1]);
        }
      }
    }
#if defined(__AVX512BF16__)
    if constexpr (kType == PanelType::bf16_native) {
      const int32_t* b = static_cast<const int32_t*>(panel);
      for (int64_t k = 0; k < kc; ++k) {
        const I b0 = iload(b), b1 = iload(b + kW);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const float x = a_at(base, a_stride, i, 0);
          acc[0][i][0] = dot_pairs(acc[0][i][0], x, b0);
          acc[0][i][1] = dot_pairs(acc[0][i][1], x, b1);
        }
        b += kPanel;
#pragma GCC unroll 8
        for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] += 1;
      }
    }
#endif

#pragma GCC unroll 4
    for (int s = 1; s < kSets; ++s) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        acc[0][i][0] = acc[0][i][0] + acc[s][i][0];
        acc[0][i][1] = acc[0][i][1] + acc[s][i][1];
      }
    }
    if (n >= kPanel) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        store(c + i * c_stride, acc[0][i][0]);
        store(c + i * c_stride + kW, acc[0][i][1]);
      }
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        store_n(c + i * c_stride, acc[0][i][0], n);
        if (n > kW) store_n(c + i * c_stride + kW, acc[0][i][1], n - kW);
      }
    }
  }

  template <bool kFirst, typename A, typename B>
  struct Conditional {
    using type = A;
  };
  template <typename A, typename B>
  struct Conditional<false, A, B> {
    using type = B;
  };
  template <bool kFirst, typename A, typename B>
  using std_conditional = typename Conditional<kFirst, A, B>::type;
};

template <PanelType kType>
ACCELERATE_INLINE TileFn tile_fn(int rows) {
#if defined(ACCELERATE_AVX512)
  static constexpr TileFn kTiles[] = {Tile<1, kType>::run,  Tile<2, kType>::run,  Tile<3, kType>::run,
                                      Tile<4, kType>::run,  Tile<5, kType>::run,  Tile<6, kType>::run,
                                      Tile<7, kType>::run,  Tile<8, kType>::run,  Tile<9, kType>::run,
                                      Tile<10, kType>::run, Tile<11, kType>::run, Tile<12, kType>::run,
                                      Tile<13, kType>::run, Tile<14, kType>::run};
#else
  static constexpr TileFn kTiles[] = {Tile<1, kType>::run, Tile<2, kType>::run, Tile<3, kType>::run,
                                      Tile<4, kType>::run, Tile<5, kType>::run, Tile<6, kType>::run};
#endif
  return kTiles[rows - 1];
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
