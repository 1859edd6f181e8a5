#pragma once
#include "backends/cpu/kernels/simd/gemm_block.h"
#include "base/executor.h"

// Convolution of an image of few channels, as the first layer of a network has it. The rows of a band are copied with
// their padding; neighbouring results of a row then read inputs a fixed step apart, and a row of taps (of one channel,
// if channels come first) is one segment of the product's columns: nothing else is gathered.
namespace accelerate::cpu::ACCELERATE_TARGET {

constexpr int64_t kMostSegments = 128;

/// Rows of results that a task makes from one copy, and that copy's layout: planes of rows of pixels of unit floats.
struct Band {
  int64_t planes, unit, rows, bands, copy_rows, copy_width;

  Band(const ConvShape& s, bool input_nchw)
      : planes(input_nchw ? s.in_channels : 1),
        unit(input_nchw ? 1 : s.in_channels),
        rows(most(1, least(s.out_h, 512 / most(1, s.out_w)))),
        bands(ceil_div(s.out_h, rows)),
        copy_rows((rows - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1),
        copy_width(((s.out_w - 1) * s.stride_w + s.kernel_w) * unit) {}
  int64_t floats() const { return round_up(planes * copy_rows * copy_width, kLineFloats); }
};

ACCELERATE_INLINE bool is_few_channels(const ConvShape& s, bool input_nchw) {
  return s.groups == 1 && s.dilation_w == 1 && s.kernel_w > 1 && (input_nchw || s.in_channels < 16) &&
         (input_nchw ? s.in_channels : 1) * s.kernel_h <= kMostSegments;
}

/// Columns [left, left + width) of a row of `size` floats; zeros beyond it.
ACCELERATE_INLINE void copy_row(const float* from, int64_t size, int64_t left, int64_t width, float* to) {
  int64_t j = 0;
  for (; j < width && left + j < 0; ++j) to[j] = 0.0f;
  const int64_t count = least(width - j, size - (left + j));
  if (count > 0) {
    __builtin_memcpy(to + j, from + left + j, sizeof(float) * count);
    j += count;
  }
  for (; j < width; ++j) to[j] = 0.0f;
}

struct FewChannelsContext {
  const ConvArgs* args;
  const Band* band;
  float* scratch;
};

static void few_channels_task(void* opaque, int64_t task, int thread) {
  const FewChannelsContext& context = *static_cast<const FewChannelsContext*>(opaque);
  const ConvArgs& args = *context.args;
  const ConvShape& s = args.shape;
  const Band& band = *context.band;
  const int64_t batch = task / band.bands, row0 = task % band.bands * band.rows,
                row1 = least(s.out_h, row0 + band.rows);
  float* copy = context.scratch + thread * band.floats();
  int64_t offsets[kMostSegments];
  for (int64_t p = 0; p < band.planes; ++p) {
    const float* plane = args.x + (batch * band.planes + p) * s.in_h * s.in_w * band.unit;
    for (int64_t r = 0; r < band.copy_rows; ++r) {
      const int64_t h = row0 * s.stride_h - s.pad_top + r;
      const bool inside = h >= 0 && h < s.in_h;
      copy_row(plane + (inside ? h * s.in_w * band.unit : 0), inside ? s.in_w * band.unit : 0, -s.pad_left * band.unit,
               band.copy_width, copy + (p * band.copy_rows + r) * band.copy_width);
    }
    for (int64_t i = 0; i < s.kernel_h; ++i)
      offsets[p * s.kernel_h + i] = (p * band.copy_rows + i * s.dilation_h) * band.copy_width;
  }
  const Segments segments{offsets, band.planes * s.kernel_h};
  const int64_t segment_steps = s.kernel_w * band.unit, steps = segments.count * segment_steps;
  const int64_t tiles = ceil_div(s.out_w, kMaxRows), tall = s.out_w / tiles, extra = s.out_w % tiles;
  TileEpilogue ending(args.epilogue);
  for (int64_t column = 0; column < s.out_channels; column += kPanel) {
    const float* panel = static_cast<const float*>(args.weight) + column * steps;
    const int64_t n = least(kPanel, s.out_channels - column);
    for (int64_t row = row0; row < row1; ++row) {
      int64_t x = 0;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t height = tall + (tile < extra), pixel = (batch * s.out_h + row) * s.out_w + x;
        float* c = args.y + pixel * s.out_channels + column;
        TileStart start = ending.start(pixel, column, true);
        segment_tile_fn(height)(copy + (row - row0) * s.stride_h * band.copy_width + x * s.stride_w * band.unit,
                                s.stride_w * band.unit, segments, segment_steps, panel, c, s.out_channels, n, start);
        ending.finish(pixel, column, c, s.out_channels, height, n);
        x += height;
      }
    }
  }
}

static inline void few_channels(const ConvArgs& args, Executor& executor, void* scratch) {
  const Band band(args.shape, args.input_nchw);
  FewChannelsContext context{&args, &band, static_cast<float*>(scratch)};
  executor.run(args.shape.batch * band.bands, few_channels_task, &context);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
