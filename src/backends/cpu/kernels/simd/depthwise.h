#pragma once
#include "backends/cpu/kernels/kernel_types.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {

/// Depthwise convolution, NHWC; weights [kernel_h * kernel_w, channels].
static inline void depthwise(const ConvArgs& args, Executor& executor) {
  const ConvShape& s = args.shape;
  const int64_t channels = s.out_channels;
  const float* weights = static_cast<const float*>(args.weight);
  const auto body = [&](int64_t line) {
    const int64_t batch = line / s.out_h, out_row = line % s.out_h, top = out_row * s.stride_h - s.pad_top;
    const float* image = args.x + batch * s.in_h * s.in_w * channels;
    for (int64_t out_column = 0; out_column < s.out_w; ++out_column) {
      const int64_t left = out_column * s.stride_w - s.pad_left, pixel = line * s.out_w + out_column;
      float* y = args.y + pixel * channels;
      const float* residual =
          args.epilogue.residual ? args.epilogue.residual + pixel * args.epilogue.residual_stride : nullptr;
      for (int64_t c0 = 0; c0 < channels; c0 += 4 * kW) {
        V acc[4];
        const int64_t left_over = channels - c0;
        const auto lanes = [left_over](int v) { return left_over - v * kW > kW ? int64_t{kW} : left_over - v * kW; };
        const int vectors = static_cast<int>(left_over >= 4 * kW ? 4 : (left_over + kW - 1) / kW);
        for (int v = 0; v < vectors; ++v) {
          acc[v] = args.epilogue.bias ? load_n(args.epilogue.bias + c0 + v * kW, lanes(v)) : zero();
        }
        for (int64_t i = 0; i < s.kernel_h; ++i) {
          const int64_t h = top + i * s.dilation_h;
          if (h < 0 || h >= s.in_h) continue;
          for (int64_t j = 0; j < s.kernel_w; ++j) {
            const int64_t w = left + j * s.dilation_w;
            if (w < 0 || w >= s.in_w) continue;
            const float* x = image + (h * s.in_w + w) * channels + c0;
            const float* tap = weights + (i * s.kernel_w + j) * channels + c0;
            if (vectors == 4 && left_over >= 4 * kW) {
#pragma GCC unroll 4
              for (int v = 0; v < 4; ++v) acc[v] = fma(load(x + v * kW), load(tap + v * kW), acc[v]);
            } else {
              for (int v = 0; v < vectors; ++v) {
                acc[v] = fma(load_n(x + v * kW, lanes(v)), load_n(tap + v * kW, lanes(v)), acc[v]);
              }
            }
          }
        }
        for (int v = 0; v < vectors; ++v) {
          V result = acc[v];
          const V r = residual ? load_n(residual + c0 + v * kW, lanes(v)) : zero();
          if (args.epilogue.residual_before_activation) result = result + r;
          result = activate_any(args.epilogue.activation, result);
          if (!args.epilogue.residual_before_activation) result = result + r;
          store_n(y + c0 + v * kW, result, lanes(v));
        }
      }
    }
  };
  for_rows(executor, s.batch * s.out_h, s.out_w * channels * s.kernel_h * s.kernel_w, body);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
