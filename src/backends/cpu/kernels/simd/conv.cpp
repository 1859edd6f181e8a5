#include "backends/cpu/kernels/simd/depthwise.h"
#include "backends/cpu/kernels/simd/few_channels.h"
#include "backends/cpu/kernels/simd/gemm_block.h"
#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"
#include "backends/cpu/kernels/simd/winograd.h"

// Convolution as a product whose A is gathered block by block: no patch matrix is ever whole in memory.
// Source of the idea: Dukhan 2019, arXiv:1907.02129.
namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

ACCELERATE_INLINE bool is_depthwise(const ConvShape& s, bool input_nchw) {
  return !input_nchw && s.groups > 1 && s.groups == s.in_channels && s.out_channels == s.in_channels;
}

ACCELERATE_INLINE int64_t product_k(const ConvShape& s) {
  return s.kernel_h * s.kernel_w * (s.in_channels / s.groups);
}

struct GatherContext {
  const ConvShape* shape;
  const float* x;  // at the group's first channel
};

ACCELERATE_INLINE void copy_floats(const float* from, float* to, int64_t count) {
  for_lanes(count, [&](int64_t i, int64_t n) { store_n(to + i, load_n(from + i, n), n); });
}

// The output pixels m, m + 1, ... as (image, row, column), without a division for each.
struct PixelWalk {
  int64_t batch, row, column;
  PixelWalk(const ConvShape& s, int64_t m)
      : batch(m / (s.out_h * s.out_w)), row(m / s.out_w % s.out_h), column(m % s.out_w) {}
  ACCELERATE_INLINE void next(PixelWalk& walk, const ConvShape& s) {
    if (++walk.column < s.out_w) return;
    walk.column = 0;
    if (++walk.row < s.out_h) return;
    walk.row = 0;
    ++walk.batch;
  }
};

// A's columns are (kernel row, kernel column, channel), of an input [B,H,W,C].
void gather_nhwc(const void* opaque, int64_t m, int64_t rows, int64_t k0, int64_t kc, float* dst, int64_t dst_stride) {
  const GatherContext& context = *static_cast<const GatherContext*>(opaque);
  const ConvShape& s = *context.shape;
  const int64_t channels = s.in_channels / s.groups;
  const int64_t first_row = k0 / channels / s.kernel_w, first_column = k0 / channels % s.kernel_w,
                first_channel = k0 % channels;
  PixelWalk walk(s, m);
  for (int64_t i = 0; i < rows; ++i, PixelWalk::next(walk, s)) {
    const int64_t top = walk.row * s.stride_h - s.pad_top, left = walk.column * s.stride_w - s.pad_left;
    const float* image = context.x + walk.batch * s.in_h * s.in_w * s.in_channels;
    float* to = dst + i * dst_stride;
    int64_t row = first_row, column = first_column, channel = first_channel;
    for (int64_t k = 0; k < kc;) {
      const int64_t count = least(channels - channel, kc - k);
      const int64_t h = top + row * s.dilation_h, w = left + column * s.dilation_w;
      if (h >= 0 && h < s.in_h && w >= 0 && w < s.in_w) {
        copy_floats(image + (h * s.in_w + w) * s.in_channels + channel, to + k, count);
      } else {
        __builtin_memset(to + k, 0, sizeof(float) * count);
      }
      k += count;
      channel = 0;
      if (++column == s.kernel_w) {
        column = 0;
        ++row;
      }
    }
  }
}

// A's columns are (channel, kernel row, kernel column), of an input [B,C,H,W].
void gather_nchw(const void* opaque, int64_t m, int64_t rows, int64_t k0, int64_t kc, float* dst, int64_t dst_stride) {
  const GatherContext& context = *static_cast<const GatherContext*>(opaque);
  const ConvShape& s = *context.shape;
  const int64_t plane = s.in_h * s.in_w, taps = s.kernel_h * s.kernel_w, channels = s.in_channels / s.groups;
  const int64_t first_channel = k0 / taps, first_row = k0 % taps / s.kernel_w, first_column = k0 % s.kernel_w;
  const bool whole = k0 == 0 && kc == channels * taps && s.dilation_w == 1 && s.kernel_w <= kW;
  PixelWalk walk(s, m);
  for (int64_t i = 0; i < rows; ++i, PixelWalk::next(walk, s)) {
    const int64_t top = walk.row * s.stride_h - s.pad_top, left = walk.column * s.stride_w - s.pad_left;
    const float* image = context.x + walk.batch * s.in_channels * plane;
    float* to = dst + i * dst_stride;
    // A vector may be written past the end of its columns, where later columns and rows follow.
    if (whole && left >= 0 && left + s.kernel_w <= s.in_w && top >= 0 &&
        top + (s.kernel_h - 1) * s.dilation_h < s.in_h) {
      for (int64_t c = 0; c < channels; ++c) {
        const float* from = image + c * plane + top * s.in_w + left;
        for (int64_t r = 0; r < s.kernel_h; ++r) {
          store(to, load_n(from, s.kernel_w));
          to += s.kernel_w;
          from += s.dilation_h * s.in_w;
        }
      }
      continue;
    }
    int64_t channel = first_channel, row = first_row, column = first_column;
    for (int64_t k = 0; k < kc;) {
      const int64_t count = least(s.kernel_w - column, kc - k);
      const int64_t h = top + row * s.dilation_h, w = left + column * s.dilation_w;
      const float* from = image + channel * plane + h * s.in_w + w;
      if (h < 0 || h >= s.in_h) {
        for (int64_t j = 0; j < count; ++j) to[k + j] = 0.0f;
      } else if (s.dilation_w == 1 && w >= 0 && w + count <= s.in_w) {
        for (int64_t j = 0; j < count; j += kW) store(to + k + j, load_n(from + j, count - j));
      } else {
        for (int64_t j = 0; j < count; ++j) {
          const int64_t at = w + j * s.dilation_w;
          to[k + j] = at >= 0 && at < s.in_w ? from[j * s.dilation_w] : 0.0f;
        }
      }
      k += count;
      column = 0;
      if (++row == s.kernel_h) {
        row = 0;
        ++channel;
      }
    }
  }
}

// A 1x1 kernel over unpadded whole pixels reads the input as a matrix.
ACCELERATE_INLINE bool is_plain_product(const ConvArgs& args) {
  const ConvShape& s = args.shape;
  return !args.input_nchw && s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 &&
         s.pad_top == 0 && s.pad_left == 0 && s.out_h == s.in_h && s.out_w == s.in_w;
}

struct ConvContext {
  const ConvArgs* args;
  float* scratch;
  int64_t rows_total, rows, row_blocks, panels, panel_blocks, total_panels;
};

void conv_task(void* opaque, int64_t task, int thread) {
  const ConvContext& context = *static_cast<const ConvContext*>(opaque);
  const ConvArgs& args = *context.args;
  const ConvShape& s = args.shape;
  const int64_t row_block = task % context.row_blocks, panel_block = task / context.row_blocks % context.panel_blocks;
  const int64_t group = task / (context.row_blocks * context.panel_blocks);
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  const int64_t group_offset = group * in_group * (args.input_nchw ? s.in_h * s.in_w : 1);
  GatherContext gather{&s, args.x + group_offset};
  BlockJob job;
  if (is_plain_product(args)) {
    job.a = args.x + group_offset;
    job.a_stride = s.in_channels;
  } else {
    job.gather = args.input_nchw ? gather_nchw : gather_nhwc;
    job.gather_context = &gather;
  }
  job.k = product_k(s);
  job.panels = static_cast<const char*>(args.weight) + group * context.total_panels * panel_bytes(job.k, Element::f32);
  job.n = out_group;
  job.c = args.y + group * out_group;
  job.c_stride = s.out_channels;
  job.c_floats = context.rows_total * s.out_channels;
  job.epilogue = args.epilogue;
  if (job.epilogue.bias) job.epilogue.bias += group * out_group;
  if (job.epilogue.residual) job.epilogue.residual += group * out_group;
  const int64_t m0 = row_block * context.rows, m1 = least(context.rows_total, m0 + context.rows);
  const int64_t p0 = panel_block * context.panels, p1 = least(context.total_panels, p0 + context.panels);
  for (int64_t m = m0; m < m1; m += kBlockRows) {
    gemm_block(job, m, least(m1, m + kBlockRows), p0, p1, context.scratch + thread * block_scratch_floats());
  }
}

}  // namespace

size_t conv_packed_size_bytes(const ConvShape& s) {
  if (s.method == ConvMethod::winograd) return winograd_packed_size_bytes(s);
  // Room for either form; a depthwise one is smaller unless the input comes as NCHW.
  const int64_t product =
      s.groups * ceil_div(s.out_channels / s.groups, kPanel) * panel_bytes(product_k(s), Element::f32);
  return static_cast<size_t>(product);
}

void conv_pack(const ConvPackArgs& args) {
  const ConvShape& s = args.shape;
  if (s.method == ConvMethod::winograd) return winograd_pack(args);
  const int64_t channels = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  const int64_t taps = s.kernel_h * s.kernel_w, k = product_k(s);
  const auto value = [&args](int64_t i) {
    if (args.source_type == Element::bf16) return bf16_to_float(static_cast<const uint16_t*>(args.source)[i]);
    if (args.source_type == Element::f16) return f16_to_float(static_cast<const uint16_t*>(args.source)[i]);
    return static_cast<const float*>(args.source)[i];
  };
  float* dst = static_cast<float*>(args.dst);
  if (is_depthwise(s, args.input_nchw)) {
    for (int64_t c = 0; c < s.out_channels; ++c) {
      for (int64_t t = 0; t < taps; ++t) dst[t * s.out_channels + c] = value(c * taps + t);
    }
    return;
  }
  const int64_t panels = ceil_div(out_group, kPanel);
  for (int64_t group = 0; group < s.groups; ++group) {
    for (int64_t panel = 0; panel < panels; ++panel) {
      float* to = dst + (group * panels + panel) * k * kPanel;
      const int64_t columns = least(kPanel, out_group - panel * kPanel);
      if (columns < kPanel) __builtin_memset(to, 0, static_cast<size_t>(panel_bytes(k, Element::f32)));
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t from = (group * out_group + panel * kPanel + j) * k;
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t t = 0; t < taps; ++t) {
            const int64_t row = args.input_nchw ? c * taps + t : t * channels + c;
            to[row * kPanel + j] = value(from + c * taps + t);
          }
        }
      }
    }
  }
}

size_t conv_scratch_bytes(const ConvArgs& args, int num_threads) {
  if (args.shape.method == ConvMethod::winograd) return winograd_scratch_bytes(args, num_threads);
  if (is_depthwise(args.shape, args.input_nchw) || is_plain_product(args)) return 0;
  if (is_few_channels(args.shape, args.input_nchw))
    return static_cast<size_t>(Band(args.shape, args.input_nchw).floats()) * sizeof(float) * num_threads;
  return static_cast<size_t>(block_scratch_floats()) * sizeof(float) * num_threads;
}

void conv(const ConvArgs& args, Executor& executor, void* scratch) {
  const ConvShape& s = args.shape;
  const int64_t m = s.batch * s.out_h * s.out_w;
  if (m <= 0 || s.out_channels <= 0) return;
  if (s.method == ConvMethod::winograd) return winograd(args, executor, scratch);
  if (is_depthwise(s, args.input_nchw)) return depthwise(args, executor);
  if (is_few_channels(s, args.input_nchw)) return few_channels(args, executor, scratch);
  const int64_t panels = ceil_div(s.out_channels / s.groups, kPanel), k = product_k(s);
  ConvContext context{&args, static_cast<float*>(scratch), m, 0, 0, 0, 1, panels};
  const int64_t threads = executor.num_threads();
  const double work = static_cast<double>(m) * s.out_channels * (k > 0 ? k : 1);
  const int64_t wanted = threads == 1 || work < 1e6 ? 1 : 4 * threads;
  if (is_plain_product(args)) {
    const BlockGrid grid = block_grid(m, s.out_channels / s.groups, k, panels, static_cast<int>(threads));
    context.rows = grid.rows;
    context.row_blocks = grid.row_blocks;
    context.panels = grid.panels;
    context.panel_blocks = grid.panel_blocks;
  } else {
    // Rows first, as each block of rows is gathered anew for each block of panels; whole tiles where there are many.
    int64_t blocks = ceil_div(m, kBlockRows / kMaxRows * kMaxRows);
    if (blocks * s.groups < wanted) blocks = most(blocks, least(ceil_div(wanted, s.groups), ceil_div(m, 2 * kMaxRows)));
    context.rows = ceil_div(m, blocks);
    context.row_blocks = ceil_div(m, context.rows);
    if (context.row_blocks * s.groups < wanted) {
      context.panel_blocks = least(panels, ceil_div(wanted, context.row_blocks * s.groups));
    }
    context.panels = ceil_div(panels, context.panel_blocks);
    context.panel_blocks = ceil_div(panels, context.panels);
  }
  executor.run(context.row_blocks * context.panel_blocks * s.groups, conv_task, &context);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
