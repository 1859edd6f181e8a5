#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/panel_pack.h"
#include "base/executor.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

// Rows that share one packing of a panel.
constexpr int64_t kMatmulRows = 512;

struct MatmulContext {
  const MatmulArgs* args;
  float* scratch;
  int64_t rows, row_blocks, panels, panel_blocks, total_panels;
};

int64_t matmul_thread_floats() {
  return kBlockK * kPanel;
}

void matmul_task(void* opaque, int64_t task, int thread) {
  const MatmulContext& context = *static_cast<const MatmulContext*>(opaque);
  const MatmulArgs& args = *context.args;
  float* panel = context.scratch + thread * matmul_thread_floats();
  const int64_t row_block = task % context.row_blocks;
  const int64_t panel_block = task / context.row_blocks % context.panel_blocks;
  const int64_t batch = task / (context.row_blocks * context.panel_blocks);
  const int64_t outer = batch / args.inner, inner = batch % args.inner;
  const float* a = args.a + outer * args.a_outer + inner * args.a_inner;
  const float* b = args.b + outer * args.b_outer + inner * args.b_inner;
  float* c = args.c + outer * args.c_outer + inner * args.c_inner;
  const int64_t m0 = row_block * context.rows, m1 = least(args.m, m0 + context.rows);
  const int64_t p0 = panel_block * context.panels, p1 = least(context.total_panels, p0 + context.panels);
  const int64_t max_rows = args.a_stride % 1024 == 0 && kMaxRows > 8 ? 8 : kMaxRows;
  const int64_t rows = m1 - m0, tiles = ceil_div(rows, max_rows), tall = rows / tiles, extra = rows % tiles;
  const int64_t pass = pass_steps(args.k);
  for (int64_t p = p0; p < p1; ++p) {
    const int64_t column = p * kPanel, n = least(kPanel, args.n - column);
    for (int64_t k0 = 0; k0 < args.k || k0 == 0; k0 += pass) {
      const int64_t kc = least(pass, args.k - k0);
      pack_panel_f32(b + k0 * args.b_stride_k + column * args.b_stride_n, args.b_stride_k, args.b_stride_n, kc, n,
                     panel, args.alpha);
      TileStart start;
      start.accumulate = k0 > 0;
      int64_t row = m0;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t height = tall + (tile < extra);
        tile_fn(PanelType::f32, height)(a + row * args.a_stride + k0, args.a_stride, kc, panel,
                                        c + row * args.c_stride + column, args.c_stride, n, start);
        row += height;
      }
    }
  }
}

}  // namespace

size_t matmul_scratch_bytes(const MatmulArgs&, int num_threads) {
  return static_cast<size_t>(matmul_thread_floats()) * 4 * num_threads;
}

void matmul(const MatmulArgs& args, Executor& executor, void* scratch) {
  const int64_t batches = args.outer * args.inner, panels = ceil_div(args.n, kPanel);
  if (args.m <= 0 || panels <= 0 || batches <= 0) return;
  MatmulContext context{&args, static_cast<float*>(scratch), 0, 0, 0, 0, panels};
  const int threads = executor.num_threads();
  const double work = static_cast<double>(args.m) * args.n * (args.k > 0 ? args.k : 1) * batches;
  const int64_t wanted = work < 2e5 ? 1 : threads == 1 ? 1 : 4 * threads;
  context.panel_blocks = most(1, least(panels, ceil_div(wanted, batches)));
  context.panels = ceil_div(panels, context.panel_blocks);
  context.panel_blocks = ceil_div(panels, context.panels);
  context.row_blocks = ceil_div(args.m, kMatmulRows);
  if (batches * context.panel_blocks * context.row_blocks < wanted) {
    const int64_t more = ceil_div(wanted, batches * context.panel_blocks);
    context.row_blocks = most(context.row_blocks, least(more, ceil_div(args.m, 4 * kMaxRows)));
  }
  context.rows = ceil_div(args.m, context.row_blocks);
  context.row_blocks = ceil_div(args.m, context.rows);
  const int64_t tasks = batches * context.panel_blocks * context.row_blocks;
  if (wanted == 1) {  // too little to wake a thread for
    for (int64_t task = 0; task < tasks; ++task) matmul_task(&context, task, 0);
  } else {
    executor.run(tasks, matmul_task, &context);
  }
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
