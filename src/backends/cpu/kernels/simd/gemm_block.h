#pragma once
#include "backends/cpu/kernels/simd/gemm_tile.h"
#include "backends/cpu/kernels/simd/vmath.h"

// A block of a dense product on one thread: the part of linear, matmul and conv that they share.
namespace accelerate::cpu::ACCELERATE_TARGET {

constexpr int64_t kBlockK = 512;     // steps of k between visits to c, so that a panel slice stays in cache
constexpr int64_t kBlockRows = 128;  // rows of A that share one pass over the panels
constexpr int64_t kLineFloats = 16;
constexpr int64_t kCachedFloats = int64_t{1} << 20;  // a result up to here is expected in cache

ACCELERATE_INLINE int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
ACCELERATE_INLINE int64_t round_up(int64_t a, int64_t b) {
  return ceil_div(a, b) * b;
}
ACCELERATE_INLINE int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
ACCELERATE_INLINE int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/// Row stride of a copied A block: never a multiple of a page, which would put a tile's rows in one cache set.
ACCELERATE_INLINE int64_t copied_stride(int64_t kc) {
  const int64_t stride = round_up(kc, kLineFloats);
  return stride % 512 == 0 ? stride + kLineFloats : stride;
}

/// Bytes of packed panels; a panel of bf16 holds an even number of steps.
ACCELERATE_INLINE int64_t panel_bytes(int64_t k, Element type) {
  if (type == Element::f32) return k * kPanel * 4;
  return (type == Element::bf16 ? round_up(k, 2) : k) * kPanel * 2;
}
ACCELERATE_INLINE int64_t panel_offset(int64_t k, Element type) {
  return k * kPanel * (type == Element::f32 ? 4 : 2);
}

/// Writes rows [m, m + rows) x [k, k + kc) of A to dst, rows dst_stride apart.
using GatherFn = void (*)(const void* context, int64_t m, int64_t rows, int64_t k, int64_t kc, float* dst,
                          int64_t dst_stride);

/// A either in place (a) or copied block by block (gather).
struct BlockJob {
  const float* a = nullptr;
  int64_t a_stride = 0;
  GatherFn gather = nullptr;
  const void* gather_context = nullptr;
  int64_t k = 0;
  const void* panels = nullptr;
  Element type = Element::f32;
  bool native = false;  // bf16 products of bf16 pairs; A is then copied
  int64_t n = 0;
  float* c = nullptr;
  int64_t c_stride = 0;
  Epilogue epilogue;
  int64_t c_floats = 0;  // size of the whole of c
};

/// Rows of a finished tile (kPanel floats each) to c.
template <Activation kActivation>
ACCELERATE_INLINE void finish_rows(const float* tile, float* c, int64_t c_stride, int64_t rows, int64_t n,
                                   const float* residual, int64_t residual_stride) {
  for (int64_t i = 0; i < rows; ++i) {
    V x0 = activate<kActivation>(load(tile + i * kPanel)), x1 = activate<kActivation>(load(tile + i * kPanel + kW));
    float* row = c + i * c_stride;
    const float* r = residual ? residual + i * residual_stride : nullptr;
    if (n >= kPanel) {
      store(row, r ? x0 + load(r) : x0);
      store(row + kW, r ? x1 + load(r + kW) : x1);
    } else {
      store_n(row, r ? x0 + load_n(r, n) : x0, n);
      if (n > kW) store_n(row + kW, r ? x1 + load_n(r + kW, n - kW) : x1, n - kW);
    }
  }
}

/// c = activation(tile) + residual (optional).
ACCELERATE_INLINE void finish_tile(Activation activation, const float* tile, float* c, int64_t c_stride, int64_t rows,
                                   int64_t n, const float* residual, int64_t residual_stride) {
  switch (activation) {
#define ACCELERATE_FINISH(name) \
  case Activation::name: return finish_rows<Activation::name>(tile, c, c_stride, rows, n, residual, residual_stride);
    ACCELERATE_FINISH(none)
    ACCELERATE_FINISH(relu)
    ACCELERATE_FINISH(gelu)
    ACCELERATE_FINISH(gelu_tanh)
    ACCELERATE_FINISH(quick_gelu)
    ACCELERATE_FINISH(silu)
    ACCELERATE_FINISH(tanh)
    ACCELERATE_FINISH(sigmoid)
    ACCELERATE_FINISH(relu6)
    ACCELERATE_FINISH(hardswish)
#undef ACCELERATE_FINISH
  }
}

ACCELERATE_INLINE PanelType panel_type(Element type, bool native) {
  if (type == Element::bf16) return native ? PanelType::bf16_native : PanelType::bf16;
  return type == Element::f16 ? PanelType::f16 : PanelType::f32;
}

/// Floats of scratch that a thread needs where A is copied. A gather may write a vector past the end of a row.
ACCELERATE_INLINE int64_t block_scratch_floats() {
  return kBlockRows * copied_stride(kBlockK) + kLineFloats;
}

/// Steps of k a pass takes: K in equal even parts of at most kBlockK.
ACCELERATE_INLINE int64_t pass_steps(int64_t k) {
  const int64_t passes = most(1, ceil_div(k, kBlockK));
  return most(1, round_up(ceil_div(k, passes), 8));
}

/// Rounds pairs of floats of A to pairs of bf16.
ACCELERATE_INLINE void copy_pairs(const float* a, int64_t a_stride, int64_t rows, int64_t kc, float* dst,
                                  int64_t dst_stride) {
  for (int64_t i = 0; i < rows; ++i) {
    const float* from = a + i * a_stride;
    uint16_t* to = reinterpret_cast<uint16_t*>(dst + i * dst_stride);
    int64_t k = 0;
    for (; k + kW <= kc; k += kW) store_bf16(to + k, load(from + k));
    for (; k < kc; ++k) to[k] = float_to_bf16(from[k]);
    if (kc & 1) to[kc] = 0;
  }
}

/// What an epilogue leaves to the tile, and what takes a pass over the tile's results: bounds are set as they are
/// stored, unless a residual comes after; other activations take the pass.
class TileEpilogue {
 public:
  explicit TileEpilogue(const Epilogue& epilogue) : epilogue_(epilogue) {
    const bool after = epilogue.residual && !epilogue.residual_before_activation;
    bounded_ = !after && (epilogue.activation == Activation::relu || epilogue.activation == Activation::relu6);
    late_ = epilogue.activation != Activation::none && !bounded_;
    late_residual_ = late_ && after;
  }

  /// For the tile at (row, column) of c; last: it ends the sums.
  __attribute__((always_inline)) TileStart start(int64_t row, int64_t column, bool last) {
    TileStart start;
    start.bias = epilogue_.bias ? epilogue_.bias + column : nullptr;
    start.residual = late_residual_ ? nullptr : residual(row, column);
    start.residual_stride = epilogue_.residual_stride;
    start.to = last && late_ ? results_ : nullptr;
    start.bounded = last && bounded_;
    start.high = epilogue_.activation == Activation::relu6 ? 6.0f : kInfinity;
    return start;
  }
  /// After the last tile at (row, column), which is c.
  __attribute__((always_inline)) void finish(int64_t row, int64_t column, float* c, int64_t c_stride, int64_t rows,
                                             int64_t n) const {
    if (!late_) return;
    finish_tile(epilogue_.activation, results_, c, c_stride, rows, n, late_residual_ ? residual(row, column) : nullptr,
                epilogue_.residual_stride);
  }

 private:
  __attribute__((always_inline)) const float* residual(int64_t row, int64_t column) const {
    return epilogue_.residual ? epilogue_.residual + row * epilogue_.residual_stride + column : nullptr;
  }

  const Epilogue& epilogue_;
  bool bounded_, late_, late_residual_;
  alignas(64) float results_[kMaxRows * kPanel];
};

/// Rows [m0, m1) and panels [p0, p1) of the product; m1 - m0 <= kBlockRows if A is copied to scratch.
static inline void gemm_block(const BlockJob& job, int64_t m0, int64_t m1, int64_t p0, int64_t p1, float* scratch) {
  const int64_t rows = m1 - m0;
  const bool copies = job.gather || job.native;
  const PanelType type = panel_type(job.type, job.native);
  // One tile of rows reads each panel once: no reason to come back to it.
  int64_t pass = rows <= 4 && !copies ? most(job.k, 1) : pass_steps(job.k);
  // Rows that lie whole pages apart share a cache set; it has room for eight.
  const int64_t max_rows = !copies && job.a_stride % 1024 == 0 && kMaxRows > 8 ? 8 : kMaxRows;
  const int64_t tiles = ceil_div(rows, max_rows), tall = rows / tiles, extra = rows % tiles;
  TileEpilogue ending(job.epilogue);

  for (int64_t k0 = 0; k0 < job.k || k0 == 0; k0 += pass) {
    const int64_t kc = least(pass, job.k - k0);
    const bool last = k0 + kc >= job.k;
    const float* a = job.a ? job.a + m0 * job.a_stride + k0 : nullptr;
    int64_t a_stride = job.a_stride, steps = kc;
    if (job.gather) {
      a_stride = copied_stride(kc);
      job.gather(job.gather_context, m0, rows, k0, kc, scratch, a_stride);
      a = scratch;
    }
    if (job.native) {
      const int64_t pair_stride = copied_stride((kc + 1) / 2);
      copy_pairs(a, a_stride, rows, kc, scratch, pair_stride);
      a = scratch;
      a_stride = pair_stride;
      steps = (kc + 1) / 2;
    }
    for (int64_t panel = p0; panel < p1; ++panel) {
      const char* data =
          static_cast<const char*>(job.panels) + panel * panel_bytes(job.k, job.type) + panel_offset(k0, job.type);
      const int64_t column = panel * kPanel, n = least(kPanel, job.n - column);
      const char* next = data + panel_bytes(job.k, job.type);
      if (panel + 1 == p1 && !last) next += panel_offset(kc, job.type) - (p1 - p0) * panel_bytes(job.k, job.type);
      int64_t row = 0;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t height = tall + (tile < extra);
        float* c = job.c + (m0 + row) * job.c_stride + column;
        TileStart start = ending.start(m0 + row, column, last);
        start.accumulate = k0 > 0;
        start.fetch = job.c_floats > kCachedFloats;
        start.next = next + tile * fetched_bytes(kc);
        tile_fn(type, height)(a + row * a_stride, a_stride, steps, data, c, job.c_stride, n, start);
        if (last) ending.finish(m0 + row, column, c, job.c_stride, height, n);
        row += height;
      }
    }
  }
}

/// Work is cut into rows x panels blocks: enough for the threads to balance, each large enough to be worth a claim.
struct BlockGrid {
  int64_t row_blocks = 1, rows = 0, panel_blocks = 1, panels = 0;
};

ACCELERATE_INLINE BlockGrid block_grid(int64_t m, int64_t n, int64_t k, int64_t num_panels, int num_threads) {
  BlockGrid grid;
  grid.row_blocks = most(1, ceil_div(m, kBlockRows));
  const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k > 0 ? k : 1);
  constexpr double kLeastWork = 1.0e6;  // multiplications a task
  const int64_t affordable = work / kLeastWork < 1e6 ? static_cast<int64_t>(work / kLeastWork) : 1000000;
  int64_t wanted = num_threads == 1 ? 1 : least(6 * num_threads, affordable);
  if (wanted > 1) wanted = round_up(wanted, num_threads);
  // Panels first, as each is then read by one thread only; rows too where panels are few.
  grid.panel_blocks = most(1, least(num_panels, ceil_div(wanted, grid.row_blocks)));
  if (grid.panel_blocks * grid.row_blocks < wanted) {
    const int64_t more = ceil_div(wanted, grid.panel_blocks);
    grid.row_blocks = most(grid.row_blocks, least(more, ceil_div(m, kMaxRows)));
  }
  // A few more blocks of panels where that leaves no thread without work at the end.
  if (num_threads > 1 && wanted > 1) {
    double least_time = 0.0;
    const int64_t first = grid.panel_blocks, last = least(num_panels, first + 4);
    for (int64_t blocks = first; blocks <= last; ++blocks) {
      const double time = static_cast<double>(ceil_div(num_panels, blocks)) *
                          static_cast<double>(ceil_div(grid.row_blocks * blocks, num_threads));
      if (blocks == first || time < 0.99 * least_time) {
        least_time = time;
        grid.panel_blocks = blocks;
      }
    }
  }
  grid.rows = most(1, ceil_div(m, grid.row_blocks));
  grid.row_blocks = most(1, ceil_div(m, grid.rows));
  grid.panels = most(1, ceil_div(num_panels, grid.panel_blocks));
  grid.panel_blocks = most(1, ceil_div(num_panels, grid.panels));
  return grid;
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
