#include "backends/cpu/kernels/simd/gemm_tile.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

template <PanelType kType>
struct PanelElement {
  using type = uint16_t;
};
template <>
struct PanelElement<PanelType::f32> {
  using type = float;
};

// kSegmented: f32 alone.
template <int kRows, PanelType kType, bool kSegmented = false>
struct Tile {
  // Enough chains of additions to hide their latency.
  static constexpr int kSets = kRows <= 2 ? 4 : kRows <= 4 && kMaxRows > 6 ? 2 : 1;

  ACCELERATE_INLINE float a_at(const float* const* base, int64_t a_stride, int row, int64_t k) {
    return base[row / 3][(row % 3) * a_stride + k];
  }

  // Into the second level: rows that lie whole pages apart would drive each other out of the first.
  ACCELERATE_INLINE void fetch_rows(const float* rows, int64_t stride) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      __builtin_prefetch(rows + i * stride, 0, 2);
      if (kW == 16) __builtin_prefetch(rows + i * stride + kW, 0, 2);
    }
  }

#if defined(__AVX512BF16__)
  ACCELERATE_INLINE V dot_pairs(V sum, float a, I b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)as_int(set(a)), (__m512bh)b);
  }
#endif

  static void run(const float* a, int64_t a_stride, int64_t kc, const void* panel, float* c, int64_t c_stride,
                  int64_t n, const TileStart& start) {
    run_segments(a, a_stride, Segments{}, kc, panel, c, c_stride, n, start);
  }

  ACCELERATE_INLINE void run_segments(const float* a, int64_t a_stride, const Segments& segments, int64_t kc,
                                      const void* panel, float* c, int64_t c_stride, int64_t n,
                                      const TileStart& start) {
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
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        acc[0][i][0] = bias0;
        acc[0][i][1] = bias1;
      }
      // What the end of the tile reads and writes comes into cache while the products run.
      if (start.fetch) {
        fetch_rows(c, c_stride);
        if (start.residual) fetch_rows(start.residual, start.residual_stride);
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
      const auto* b = static_cast<const typename PanelElement<kType>::type*>(panel);
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
      const char* next = start.next ? start.next : static_cast<const char*>(panel);
      for (int64_t s = 0; kSegmented ? s < segments.count : s < 1; ++s) {
        if constexpr (kSegmented) {
#pragma GCC unroll 8
          for (int i = 0; i < (kRows + 2) / 3; ++i) base[i] = a + segments.offsets[s] + 3 * i * a_stride;
        }
        int64_t k = 0;
        for (; k + kUnroll <= kc; k += kUnroll) {
#pragma GCC unroll 4
          for (int u = 0; u < kUnroll; ++u) step(u % kSets, u);
          if constexpr (!kSegmented) {
            __builtin_prefetch(next, 0, 2);
            next += 64;
          }
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
    if (start.residual && !start.accumulate) {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const float* from = start.residual + i * start.residual_stride;
        acc[0][i][0] = acc[0][i][0] + (n >= kPanel ? load(from) : load_n(from, n));
        if (n > kW) acc[0][i][1] = acc[0][i][1] + (n >= kPanel ? load(from + kW) : load_n(from + kW, n - kW));
      }
    }
    if (start.bounded) {
      const V low = set(start.low), high = set(start.high);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        acc[0][i][0] = clamp(acc[0][i][0], low, high);
        acc[0][i][1] = clamp(acc[0][i][1], low, high);
      }
    }
    if (start.to || n >= kPanel) {
      float* to = start.to ? start.to : c;
      const int64_t stride = start.to ? kPanel : c_stride;
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        store(to + i * stride, acc[0][i][0]);
        store(to + i * stride + kW, acc[0][i][1]);
      }
    } else {
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        store_n(c + i * c_stride, acc[0][i][0], n);
        if (n > kW) store_n(c + i * c_stride + kW, acc[0][i][1], n - kW);
      }
    }
  }
};

template <int kRows>
void segment_tile(const float* a, int64_t a_stride, const Segments& segments, int64_t kc, const void* panel, float* c,
                  int64_t c_stride, int64_t n, const TileStart& start) {
  Tile<kRows, PanelType::f32, true>::run_segments(a, a_stride, segments, kc, panel, c, c_stride, n, start);
}

template <PanelType kType>
TileFn tile_of(int64_t rows) {
#if defined(ACCELERATE_AVX512)
  static constexpr TileFn kTiles[kMaxRows] = {
      Tile<1, kType>::run,  Tile<2, kType>::run,  Tile<3, kType>::run,  Tile<4, kType>::run, Tile<5, kType>::run,
      Tile<6, kType>::run,  Tile<7, kType>::run,  Tile<8, kType>::run,  Tile<9, kType>::run, Tile<10, kType>::run,
      Tile<11, kType>::run, Tile<12, kType>::run, Tile<13, kType>::run, Tile<14, kType>::run};
#else
  static constexpr TileFn kTiles[kMaxRows] = {Tile<1, kType>::run, Tile<2, kType>::run, Tile<3, kType>::run,
                                              Tile<4, kType>::run, Tile<5, kType>::run, Tile<6, kType>::run};
#endif
  return kTiles[rows - 1];
}

}  // namespace

SegmentTileFn segment_tile_fn(int64_t rows) {
#if defined(ACCELERATE_AVX512)
  static constexpr SegmentTileFn kTiles[kMaxRows] = {
      segment_tile<1>,  segment_tile<2>,  segment_tile<3>,  segment_tile<4>, segment_tile<5>,
      segment_tile<6>,  segment_tile<7>,  segment_tile<8>,  segment_tile<9>, segment_tile<10>,
      segment_tile<11>, segment_tile<12>, segment_tile<13>, segment_tile<14>};
#else
  static constexpr SegmentTileFn kTiles[kMaxRows] = {segment_tile<1>, segment_tile<2>, segment_tile<3>,
                                                     segment_tile<4>, segment_tile<5>, segment_tile<6>};
#endif
  return kTiles[rows - 1];
}

TileFn tile_fn(PanelType type, int64_t rows) {
  switch (type) {
    case PanelType::bf16: return tile_of<PanelType::bf16>(rows);
    case PanelType::f16: return tile_of<PanelType::f16>(rows);
#if defined(__AVX512BF16__)
    case PanelType::bf16_native: return tile_of<PanelType::bf16_native>(rows);
#else
    case PanelType::bf16_native:
#endif
    case PanelType::f32: break;
  }
  return tile_of<PanelType::f32>(rows);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
