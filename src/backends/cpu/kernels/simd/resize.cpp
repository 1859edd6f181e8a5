#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

// The input positions that an output position is a weighted sum of.
struct Taps {
  int count;
  int64_t at[4];
  float weight[4];
};

ACCELERATE_INLINE int64_t bounded(int64_t i, int64_t size) {
  return i < 0 ? 0 : i >= size ? size - 1 : i;
}

// Cubic convolution, a = -0.75. Source: Keys 1981, doi:10.1109/TASSP.1981.1163711.
ACCELERATE_INLINE float cubic_near(float t) {
  return ((-0.75f + 2.0f) * t - (-0.75f + 3.0f)) * t * t + 1.0f;
}
ACCELERATE_INLINE float cubic_far(float t) {
  return ((-0.75f * t - 5.0f * -0.75f) * t + 8.0f * -0.75f) * t - 4.0f * -0.75f;
}

Taps taps_of(Resize kind, int64_t out, int64_t in_size, float scale, bool align_corners) {
  Taps taps{};
  if (kind == Resize::nearest) {
    taps.count = 1;
    taps.at[0] = bounded(static_cast<int64_t>(__builtin_floorf(static_cast<float>(out) * scale)), in_size);
    taps.weight[0] = 1.0f;
    return taps;
  }
  float position = align_corners ? static_cast<float>(out) * scale : (static_cast<float>(out) + 0.5f) * scale - 0.5f;
  if (kind == Resize::bilinear && position < 0.0f) position = 0.0f;
  const float whole = __builtin_floorf(position), t = position - whole;
  const int64_t base = static_cast<int64_t>(whole);
  if (kind == Resize::bilinear) {
    taps.count = 2;
    taps.at[0] = bounded(base, in_size);
    taps.at[1] = bounded(base + 1, in_size);
    taps.weight[0] = 1.0f - t;
    taps.weight[1] = t;
    return taps;
  }
  taps.count = 4;
  for (int i = 0; i < 4; ++i) taps.at[i] = bounded(base + i - 1, in_size);
  taps.weight[0] = cubic_far(t + 1.0f);
  taps.weight[1] = cubic_near(t);
  taps.weight[2] = cubic_near(1.0f - t);
  taps.weight[3] = cubic_far(2.0f - t);
  return taps;
}

}  // namespace

void resize(const ResizeArgs& args, Executor& executor) {
  if (args.channels_first) {
    const auto plane_row = [&](int64_t line) {
      const int64_t plane = line / args.out_h;
      const Taps rows = taps_of(args.kind, line % args.out_h, args.in_h, args.scale_h, args.align_corners);
      const float* x = args.x + plane * args.in_h * args.in_w;
      float* y = args.y + line * args.out_w;
      for (int64_t column = 0; column < args.out_w; ++column) {
        const Taps columns = taps_of(args.kind, column, args.in_w, args.scale_w, args.align_corners);
        float sum = 0.0f;
        for (int i = 0; i < rows.count; ++i) {
          float line_sum = 0.0f;
          for (int j = 0; j < columns.count; ++j)
            line_sum += columns.weight[j] * x[rows.at[i] * args.in_w + columns.at[j]];
          sum += rows.weight[i] * line_sum;
        }
        y[column] = sum;
      }
    };
    return for_rows(executor, args.batch * args.channels * args.out_h, args.out_w * 16, plane_row);
  }
  const auto image_row = [&](int64_t line) {
    const int64_t batch = line / args.out_h;
    const Taps rows = taps_of(args.kind, line % args.out_h, args.in_h, args.scale_h, args.align_corners);
    const float* x = args.x + batch * args.in_h * args.in_w * args.channels;
    for (int64_t column = 0; column < args.out_w; ++column) {
      const Taps columns = taps_of(args.kind, column, args.in_w, args.scale_w, args.align_corners);
      float* y = args.y + (line * args.out_w + column) * args.channels;
      for_lanes(args.channels, [&](int64_t c, int64_t n) {
        V sum = zero();
        for (int i = 0; i < rows.count; ++i) {
          V line_sum = zero();
          for (int j = 0; j < columns.count; ++j) {
            const float* from = x + (rows.at[i] * args.in_w + columns.at[j]) * args.channels + c;
            line_sum = fma(set(columns.weight[j]), load_n(from, n), line_sum);
          }
          sum = fma(set(rows.weight[i]), line_sum, sum);
        }
        store_n(y + c, sum, n);
      });
    }
  };
  for_rows(executor, args.batch * args.out_h, args.out_w * args.channels * 4, image_row);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
