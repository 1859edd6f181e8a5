#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_avg_pool(OpCases& cases) {
  cases.add("avg_pool", "known")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 2};
        return avg_pool(in[0], options);
      })
      .expect({0.0416666667, 0.333333333, -0.291666667, 0.291666667, -0.333333333, -0.0416666667})
      .reduction(6);
  // A window larger than the input is cut to it.
  cases.add("avg_pool", "lone_incomplete_window")
      .values(DType::f32, {1, 1, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {5, 5};
        options.strides = {5, 5};
        options.ceil_mode = true;
        return avg_pool(in[0], options);
      })
      .expect({5.5})
      .reduction(12);
  cases.add("avg_pool", "padding")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        return avg_pool(in[0], options);
      })
      .expect({0.0277777778, 0.111111111, 0, 0, 0.0277777778, -0.138888889, -0.0277777778, 0.0277777778, -0.0833333333,
               0.138888889, -0.0277777778, -0.138888889, 0.166666667, -0.0277777778, 0.111111111, -0.222222222,
               -0.111111111, 0.0833333333})
      .reduction(9);
  cases.add("avg_pool", "padding_not_counted")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.count_include_pad = false;
        return avg_pool(in[0], options);
      })
      .expect({0.0625, 0.166666667, 0, 0, 0.0277777778, -0.138888889, -0.0625, 0.0416666667, -0.125, 0.3125,
               -0.0416666667, -0.208333333, 0.25, -0.0277777778, 0.111111111, -0.5, -0.166666667, 0.125})
      .reduction(9);
  cases.add("avg_pool", "ceil_mode")
      .values(DType::f32, {1, 2, 5, 6}, pattern(60))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.ceil_mode = true;
        return avg_pool(in[0], options);
      })
      .expect({0, 0.138888889, -0.291666667, 0.222222222, 0.0555555556, 0.0833333333, -0.0555555556, -0.222222222,
               -0.0416666667, -0.138888889, 0, 0.333333333})
      .reduction(9);
  cases.add("avg_pool", "ceil_mode_padding")
      .values(DType::f32, {1, 1, 6, 6}, pattern(36))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.ceil_mode = true;
        return avg_pool(in[0], options);
      })
      .expect({0.0277777778, 0.111111111, 0, -0.333333333, 0, 0.0277777778, -0.138888889, 0.0416666667, -0.0555555556,
               -0.0555555556, -0.222222222, 0, -0.0416666667, -0.125, -0.208333333, -0.125})
      .reduction(9);
  cases.add("avg_pool", "ceil_mode_padding_not_counted")
      .values(DType::f32, {1, 1, 6, 6}, pattern(36))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.ceil_mode = true;
        options.count_include_pad = false;
        return avg_pool(in[0], options);
      })
      .expect({0.0625, 0.166666667, 0, -1, 0, 0.0277777778, -0.138888889, 0.0833333333, -0.0833333333, -0.0555555556,
               -0.222222222, 0, -0.125, -0.25, -0.416666667, -0.5})
      .reduction(9);
  cases.add("avg_pool", "channels_last")
      .values(DType::f32, {1, 5, 4, 2}, pattern(40))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2};
        options.strides = {1, 1};
        options.layout = "NHWC";
        return avg_pool(in[0], options);
      })
      .expect({-0.75, 0.3125, 0,   -0.3125, 0.75,   -0.25, -0.5, -0.125,  0.25, -0.75, 0.3125, 0,
               -0.25, 0.125,  0.5, -0.5,    -0.125, 0.25,  0,    -0.3125, 0.75, -0.25, 0.125,  0.5})
      .reduction(4);
  cases.add("avg_pool", "one_axis")
      .values(DType::f32, {2, 3, 7}, pattern(42))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3};
        options.strides = {2};
        return avg_pool(in[0], options);
      })
      .expect({-0.416666667, 0.333333333, 0.166666667, -0.0833333333, -0.25, -0.416666667, 0.25, 0.0833333333,
               -0.0833333333, -0.333333333, 0.416666667, 0.25, 0, -0.166666667, -0.333333333, 0.333333333, 0.166666667,
               0})
      .reduction(3);
  cases.add("avg_pool", "three_axes")
      .values(DType::f32, {1, 1, 3, 4, 4}, pattern(48))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2, 2};
        options.strides = {1, 1, 1};
        return avg_pool(in[0], options);
      })
      .expect({-0.0625, -0.03125, 0, 0.0625, 0.09375, -0.21875, 0.1875, 0.21875, -0.09375, 0.09375, -0.21875, -0.1875,
               0.21875, -0.09375, -0.0625, 0, 0.03125, 0.0625})
      .reduction(8);
  cases.add("avg_pool", "symbolic")
      .input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 9, 6})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {3, 3};
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.ceil_mode = true;
        return avg_pool(in[0], options);
      })
      .reduction(9);
  cases.add("avg_pool", "f16")
      .input(DType::f16, {"n", 3, "h", "w"}, {1, 3, 5, 6})
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 2};
        return avg_pool(in[0], options);
      })
      .reduction(4);
  cases.add("avg_pool", "volume")
      .values(DType::f32, {2, 2, 5, 4, 6}, pattern(480))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 3, 2};
        options.strides = {2, 1, 3};
        options.padding_begin = {1, 1, 0};
        options.ceil_mode = true;
        options.count_include_pad = true;
        return avg_pool(in[0], options);
      })
      .expect({0.0208333333333,
               0.166666666667,
               0.0208333333333,
               0.125,
               0,
               -0.125,
               -0.0833333333333,
               -0.166666666667,
               -0.125,
               -0.0625,
               0.0208333333333,
               0,
               -0.0208333333333,
               0.1875,
               0.125,
               0.1875,
               0.1875,
               0.0208333333333,
               0.145833333333,
               -0.104166666667,
               0.104166666667,
               -0.145833333333,
               -0.0208333333333,
               -0.1875,
               -0.104166666667,
               0.0416666666667,
               -0.166666666667,
               0.166666666667,
               0.0416666666667,
               0.145833333333,
               0.0208333333333,
               0.166666666667,
               0.0833333333333,
               -0.0833333333333,
               0.104166666667,
               -0.145833333333,
               -0.166666666667,
               -0.1875,
               -0.125,
               -0.0625,
               -0.0625,
               0,
               0,
               -0.0208333333333,
               0.1875,
               0.166666666667,
               0.1875,
               0.0208333333333,
               0,
               -0.0833333333333,
               -0.125,
               -0.0208333333333,
               -0.145833333333,
               -0.0416666666667,
               -0.104166666667,
               0.0416666666667,
               0.0625,
               0.125,
               0.1875,
               0.166666666667,
               0.145833333333,
               -0.104166666667,
               0.0833333333333,
               -0.0833333333333,
               -0.0833333333333,
               -0.0208333333333,
               -0.145833333333,
               -0.166666666667,
               -0.1875,
               0.0208333333333,
               -0.0625,
               0,
               0.104166666667,
               0.0208333333333,
               0.145833333333,
               0.0208333333333,
               0.125,
               0,
               0,
               -0.0833333333333,
               -0.1875,
               -0.125,
               -0.1875,
               0.0208333333333,
               0,
               -0.0208333333333,
               0.0625,
               0.125,
               0.125,
               0.1875,
               0.166666666667,
               0.145833333333,
               -0.104166666667,
               0.104166666667,
               -0.0833333333333,
               -0.0208333333333})
      .reduction(12);
  cases.add("avg_pool", "volume_without_padding")
      .values(DType::f32, {2, 2, 5, 4, 6}, pattern(480))
      .graph([](auto in) {
        PoolOptions options;
        options.kernel = {2, 3, 2};
        options.strides = {2, 1, 3};
        options.padding_begin = {1, 1, 0};
        options.ceil_mode = true;
        options.count_include_pad = false;
        return avg_pool(in[0], options);
      })
      .expect({0.0625,
               0.5,
               0.0416666666667,
               0.25,
               0,
               -0.25,
               -0.25,
               -0.5,
               -0.1875,
               -0.09375,
               0.0208333333333,
               0,
               -0.0208333333333,
               0.1875,
               0.1875,
               0.28125,
               0.28125,
               0.03125,
               0.145833333333,
               -0.104166666667,
               0.104166666667,
               -0.145833333333,
               -0.03125,
               -0.28125,
               -0.3125,
               0.125,
               -0.333333333333,
               0.333333333333,
               0.0833333333333,
               0.291666666667,
               0.0625,
               0.5,
               0.125,
               -0.125,
               0.104166666667,
               -0.145833333333,
               -0.166666666667,
               -0.1875,
               -0.1875,
               -0.09375,
               -0.09375,
               0,
               0,
               -0.0208333333333,
               0.1875,
               0.166666666667,
               0.28125,
               0.03125,
               0,
               -0.25,
               -0.25,
               -0.0416666666667,
               -0.291666666667,
               -0.0833333333333,
               -0.3125,
               0.125,
               0.09375,
               0.1875,
               0.1875,
               0.166666666667,
               0.145833333333,
               -0.104166666667,
               0.125,
               -0.125,
               -0.125,
               -0.03125,
               -0.145833333333,
               -0.166666666667,
               -0.1875,
               0.0208333333333,
               -0.09375,
               0,
               0.3125,
               0.0625,
               0.291666666667,
               0.0416666666667,
               0.25,
               0,
               0,
               -0.25,
               -0.28125,
               -0.1875,
               -0.1875,
               0.0208333333333,
               0,
               -0.0208333333333,
               0.09375,
               0.1875,
               0.1875,
               0.28125,
               0.166666666667,
               0.145833333333,
               -0.104166666667,
               0.104166666667,
               -0.125,
               -0.03125})
      .reduction(12);
}

}  // namespace accelerate::ops
