#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/panel_pack.h"
#include "base/executor.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

ACCELERATE_INLINE float read_element(const void* source, Element type, int64_t index) {
  switch (type) {
    case Element::bf16: return bf16_to_float(static_cast<const uint16_t*>(source)[index]);
    case Element::f16: return f16_to_float(static_cast<const uint16_t*>(source)[index]);
    default: return static_cast<const float*>(source)[index];
  }
}

// One stored value; the bits of a source of the same type are kept.
template <Element kType>
ACCELERATE_INLINE void write_element(void* dst, int64_t index, const PackArgs& args, int64_t from) {
  if constexpr (kType == Element::f32) {
    static_cast<float*>(dst)[index] = read_element(args.source, args.source_type, from);
  } else {
    uint16_t* to = static_cast<uint16_t*>(dst) + index;
    if (args.source_type == kType) {
      *to = static_cast<const uint16_t*>(args.source)[from];
    } else {
      const float value = read_element(args.source, args.source_type, from);
      *to = kType == Element::bf16 ? float_to_bf16(value) : float_to_f16(value);
    }
  }
}

template <Element kType>
void pack_panels(const PackArgs& args) {
  const int64_t k_stored = kType == Element::bf16 ? round_up(args.k, 2) : args.k;
  for (int64_t n0 = args.n_begin; n0 < args.n_end; n0 += kPanel) {
    char* panel = static_cast<char*>(args.dst) + n0 / kPanel * panel_bytes(args.k, kType);
    const int64_t columns = least(kPanel, args.n - n0);
    if (kType == Element::f32 && args.source_type == Element::f32) {
      pack_panel_f32(static_cast<const float*>(args.source) + n0 * args.stride_n, args.stride_k, args.stride_n, args.k,
                     columns, reinterpret_cast<float*>(panel), 1.0f);
      continue;
    }
    if (columns < kPanel || k_stored != args.k) __builtin_memset(panel, 0, panel_bytes(args.k, kType));
    // Blocks of k keep the panel's lines in cache while columns are written one by one.
    constexpr int64_t kStep = 32;
    for (int64_t k0 = 0; k0 < args.k; k0 += kStep) {
      const int64_t k1 = least(args.k, k0 + kStep);
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t from = (n0 + j) * args.stride_n;
        for (int64_t k = k0; k < k1; ++k) {
          const int64_t to = kType == Element::bf16 ? ((k >> 1) * kPanel + j) * 2 + (k & 1) : k * kPanel + j;
          write_element<kType>(panel, to, args, from + k * args.stride_k);
        }
      }
    }
  }
}

struct LinearContext {
  const LinearArgs* args;
  float* scratch;
  int64_t thread_floats;
  int64_t rows, row_blocks, panels, panel_blocks, total_panels;
};

bool is_native(const LinearArgs& args, int output) {
#if defined(__AVX512BF16__)
  return args.allow_native_low_precision && args.outputs[output].weight.type == Element::bf16;
#else
  (void)args, (void)output;
  return false;
#endif
}

bool copies_a(const LinearArgs& args) {
  for (int i = 0; i < args.num_outputs; ++i) {
    if (is_native(args, i)) return true;
  }
  return false;
}

void linear_task(void* opaque, int64_t task, int thread) {
  const LinearContext& context = *static_cast<const LinearContext*>(opaque);
  const LinearArgs& args = *context.args;
  // Neighbouring tasks share panels, so that threads meet in the shared cache.
  const int64_t row_block = task % context.row_blocks, panel_block = task / context.row_blocks;
  const int64_t m0 = row_block * context.rows, m1 = least(args.m, m0 + context.rows);
  int64_t begin = panel_block * context.panels;
  const int64_t end = least(context.total_panels, begin + context.panels);
  int64_t output_begin = 0;
  for (int i = 0; i < args.num_outputs && begin < end; ++i) {
    const LinearOutput& output = args.outputs[i];
    const int64_t output_end = output_begin + ceil_div(output.weight.n, kPanel);
    if (begin < output_end) {
      BlockJob job;
      job.a = args.a;
      job.a_stride = args.a_stride;
      job.k = args.k;
      job.panels = output.weight.data;
      job.type = output.weight.type;
      job.native = is_native(args, i);
      job.n = output.weight.n;
      job.c = output.c;
      job.c_stride = output.c_stride;
      job.c_floats = args.m * output.weight.n;
      job.epilogue = output.epilogue;
      const int64_t stop = least(end, output_end);
      for (int64_t m = m0; m < m1; m += kBlockRows) {
        gemm_block(job, m, least(m1, m + kBlockRows), begin - output_begin, stop - output_begin,
                   context.scratch + thread * context.thread_floats);
      }
      begin = stop;
    }
    output_begin = output_end;
  }
}

}  // namespace

size_t packed_size_bytes(int64_t n, int64_t k, Element type) {
  return static_cast<size_t>(ceil_div(n, kPanel) * panel_bytes(k, type));
}

void pack(const PackArgs& args) {
  switch (args.type) {
    case Element::bf16: return pack_panels<Element::bf16>(args);
    case Element::f16: return pack_panels<Element::f16>(args);
    default: return pack_panels<Element::f32>(args);
  }
}

size_t linear_scratch_bytes(const LinearArgs& args, int num_threads) {
  return copies_a(args) ? static_cast<size_t>(block_scratch_floats()) * 4 * num_threads : 0;
}

void linear(const LinearArgs& args, Executor& executor, void* scratch) {
  if (args.m <= 0) return;
  int64_t panels = 0, columns = 0;
  for (int i = 0; i < args.num_outputs; ++i) {
    panels += ceil_div(args.outputs[i].weight.n, kPanel);
    columns += args.outputs[i].weight.n;
  }
  if (panels == 0) return;
  const BlockGrid grid = block_grid(args.m, columns, args.k, panels, executor.num_threads());
  LinearContext context{&args,
                        static_cast<float*>(scratch),
                        block_scratch_floats(),
                        grid.rows,
                        grid.row_blocks,
                        grid.panels,
                        grid.panel_blocks,
                        panels};
  executor.run(grid.row_blocks * grid.panel_blocks, linear_task, &context);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
