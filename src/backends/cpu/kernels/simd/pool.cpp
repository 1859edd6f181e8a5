#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {

void pool(const PoolArgs& args, Executor& executor) {
  const ConvShape& s = args.shape;
  const int64_t channels = s.in_channels;
  const auto body = [&](int64_t line) {
    const int64_t batch = line / s.out_h, top = line % s.out_h * s.stride_h - s.pad_top;
    const float* image = args.x + batch * s.in_h * s.in_w * channels;
    for (int64_t out_column = 0; out_column < s.out_w; ++out_column) {
      const int64_t left = out_column * s.stride_w - s.pad_left;
      // Cells that count towards an average.
      int64_t rows = 0, columns = 0;
      for (int64_t i = 0; i < s.kernel_h; ++i) {
        const int64_t h = top + i * s.dilation_h;
        rows += args.count_include_pad ? h < s.in_h + args.pad_bottom : h >= 0 && h < s.in_h;
      }
      for (int64_t j = 0; j < s.kernel_w; ++j) {
        const int64_t w = left + j * s.dilation_w;
        columns += args.count_include_pad ? w < s.in_w + args.pad_right : w >= 0 && w < s.in_w;
      }
      const float cells = static_cast<float>(rows * columns);
      float* y = args.y + (line * s.out_w + out_column) * channels;
      for_lanes(channels, [&](int64_t c, int64_t n) {
        V acc = set(args.kind == Pool::max ? -kInfinity : 0.0f);
        for (int64_t i = 0; i < s.kernel_h; ++i) {
          const int64_t h = top + i * s.dilation_h;
          if (h < 0 || h >= s.in_h) continue;
          for (int64_t j = 0; j < s.kernel_w; ++j) {
            const int64_t w = left + j * s.dilation_w;
            if (w < 0 || w >= s.in_w) continue;
            const V x = load_n(image + (h * s.in_w + w) * channels + c, n);
            acc = args.kind == Pool::max ? select(is_nan(acc), acc, max(acc, x)) : acc + x;
          }
        }
        store_n(y + c, args.kind == Pool::max ? acc : acc / set(cells), n);
      });
    }
  };
  for_rows(executor, s.batch * s.out_h, s.out_w * channels * s.kernel_h * s.kernel_w, body);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
