#include "backends/cpu/kernels/simd/norm.h"

#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

// x + residual of one row, in place or to args.sum; returns where the row to normalise is. Without a place for the
// sum it is written to y, from where the norm then goes in place.
const float* summed_row(const NormArgs& args, int64_t r) {
  const float* x = args.x + r * args.x_stride;
  if (!args.residual) return x;
  const float* residual = args.residual + r * args.residual_stride;
  float* to = args.sum ? args.sum + r * args.sum_stride : args.y + r * args.y_stride;
  for_lanes(args.cols, [&](int64_t i, int64_t n) { store_n(to + i, load_n(x + i, n) + load_n(residual + i, n), n); });
  return to;
}

}  // namespace

void layer_norm(const NormArgs& args, Executor& executor) {
  const auto body = [&args](int64_t r) {
    layer_norm_row(args.cols, summed_row(args, r), args.weight, args.bias, args.weight_offset, args.eps,
                   args.y + r * args.y_stride);
  };
  for_rows(executor, args.rows, args.cols, body);
}

void rms_norm(const NormArgs& args, Executor& executor) {
  const auto body = [&args](int64_t r) {
    const float* x = summed_row(args, r);
    float* y = args.y + r * args.y_stride;
    V squares0 = zero(), squares1 = zero();
    int64_t i = 0;
    for (; i + 2 * kW <= args.cols; i += 2 * kW) {
      const V a = load(x + i), b = load(x + i + kW);
      squares0 = fma(a, a, squares0);
      squares1 = fma(b, b, squares1);
    }
    for (; i < args.cols; i += kW) {
      const V a = load_n(x + i, args.cols - i);
      squares0 = fma(a, a, squares0);
    }
    const float mean = reduce_add(squares0 + squares1) / static_cast<float>(args.cols);
    const V scale = set(1.0f / __builtin_sqrtf(mean + args.eps)), offset = set(args.weight_offset);
    for_lanes(args.cols, [&](int64_t j, int64_t n) {
      V v = load_n(x + j, n) * scale;
      if (args.weight) v = v * (load_n(args.weight + j, n) + offset);
      if (args.bias) v = v + load_n(args.bias + j, n);
      store_n(y + j, v, n);
    });
  };
  for_rows(executor, args.rows, args.cols, body);
}

void softmax(const SoftmaxArgs& args, Executor& executor) {
  const auto body = [&args](int64_t r) {
    const float* x = args.x + r * args.x_stride;
    float* y = args.y + r * args.y_stride;
    V tops = set(-kInfinity);
    M nan = lt(tops, tops);
    for_lanes(args.cols, [&](int64_t i, int64_t n) {
      const V v = select(first(n), load_n(x + i, n), set(-kInfinity));
      nan = mask_or(nan, is_nan(v));
      tops = max(tops, v);
    });
    const float top = any(nan) ? __builtin_nanf("") : reduce_max(tops);
    V sums = zero();
    for_lanes(args.cols, [&](int64_t i, int64_t n) {
      const V e = select(first(n), exp(load_n(x + i, n) - set(top)), zero());
      if (!args.log) store_n(y + i, e, n);
      sums = sums + e;
    });
    const float sum = reduce_add(sums);
    if (args.log) {
      const V log_sum = log(set(sum));
      for_lanes(args.cols, [&](int64_t i, int64_t n) { store_n(y + i, (load_n(x + i, n) - set(top)) - log_sum, n); });
    } else {
      const V factor = set(1.0f / sum);
      for_lanes(args.cols, [&](int64_t i, int64_t n) { store_n(y + i, load_n(y + i, n) * factor, n); });
    }
  };
  for_rows(executor, args.rows, 2 * args.cols, body);
}

void group_norm(const GroupNormArgs& args, Executor& executor) {
  const int64_t per_group = args.channels / (args.groups > 0 ? args.groups : 1);
  const auto body = [&args, per_group](int64_t task) {
    const int64_t b = task / args.groups, g = task % args.groups, c0 = g * per_group;
    const int64_t size = per_group * args.spatial;
    const int64_t start =
        args.channels_last ? b * args.channels * args.spatial + c0 : (b * args.channels + c0) * args.spatial;
    const float* x = args.x + start;
    float* y = args.y + start;
    // Runs of contiguous elements: channels of a pixel, or the whole group.
    const int64_t runs = args.channels_last ? args.spatial : 1, run = args.channels_last ? per_group : size;
    const int64_t run_stride = args.channels_last ? args.channels : size;
    double sum = 0.0;
    for (int64_t r = 0; r < runs; ++r) sum += row_sum(x + r * run_stride, run);
    const float mean = static_cast<float>(sum / static_cast<double>(size));
    double squares = 0.0;
    for (int64_t r = 0; r < runs; ++r) squares += row_squares(x + r * run_stride, run, mean);
    const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(squares / static_cast<double>(size)) + args.eps);
    const auto finish = [&args](V v) __attribute__((always_inline)) { return activate_any(args.activation, v); };
    if (args.channels_last) {
      for (int64_t r = 0; r < runs; ++r) {
        for_lanes(run, [&](int64_t i, int64_t n) {
          V v = (load_n(x + r * run_stride + i, n) - set(mean)) * set(scale);
          if (args.weight) v = v * load_n(args.weight + c0 + i, n);
          if (args.bias) v = v + load_n(args.bias + c0 + i, n);
          store_n(y + r * run_stride + i, finish(v), n);
        });
      }
    } else {
      for (int64_t c = 0; c < per_group; ++c) {
        const float gain = scale * (args.weight ? args.weight[c0 + c] : 1.0f);
        const float shift = args.bias ? args.bias[c0 + c] : 0.0f;
        for_lanes(args.spatial, [&](int64_t i, int64_t n) {
          const V v = fma(load_n(x + c * args.spatial + i, n) - set(mean), set(gain), set(shift));
          store_n(y + c * args.spatial + i, finish(v), n);
        });
      }
    }
  };
  for_rows(executor, args.batch * args.groups, 2 * per_group * args.spatial, body);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
