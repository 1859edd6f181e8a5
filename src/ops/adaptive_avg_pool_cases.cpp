#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_adaptive_avg_pool(OpCases& cases) {
  cases.add("adaptive_avg_pool", "known")
      .values(DType::f32, {1, 2, 5, 7}, pattern(70))
      .graph([](auto in) { return adaptive_avg_pool(in[0], {3, 4}); })
      .expect({-0.4375, 0.125, -0.0416666667, 0.0625,      -0.166666667, -0.138888889,  0,      -0.125,
               -0.125,  -0.25, 0.0416666667,  -0.3125,     0.3125,       -0.0416666667, 0.25,   0.125,
               0.125,   0,     0.138888889,   0.166666667, -0.0625,      0.0416666667,  -0.125, 0.4375})
      .reduction(9);
  cases.add("adaptive_avg_pool", "to_one")
      .values(DType::f32, {1, 2, 5, 7}, pattern(70))
      .graph([](auto in) { return adaptive_avg_pool(in[0], {1, 1}); })
      .expect({-0.0214285714, 0.0214285714})
      .reduction(35);
  cases.add("adaptive_avg_pool", "enlarging")
      .values(DType::f32, {1, 2, 5, 7}, pattern(70))
      .graph([](auto in) { return adaptive_avg_pool(in[0], {7, 7}); })
      .expect({-1.25,  0.5,   -0.5,   1.25,  0.25,   -0.75,  1,     -0.625, -0.25, 0.125, 0.5,    -0.5,  -0.125,
               0.25,   0.625, -0.375, 0,     0.375,  -0.625, -0.25, 0.125,  1.25,  0.25,  -0.75,  1,     0,
               -1,     0.75,  0.5,    -0.5,  -0.125, 0.25,   0.625, -0.375, 0,     0.375, -0.625, -0.25, 0.125,
               0.5,    -0.5,  -0.125, 1,     0,      -1,     0.75,  -0.25,  -1.25, 0.5,   -0.5,   1.25,  0.25,
               -0.75,  1,     0,      -1,    0.125,  0.5,    -0.5,  -0.125, 0.25,  0.625, -0.375, 0,     0.375,
               -0.625, -0.25, 0.125,  0.5,   -0.5,   -0.75,  1,     0,      -1,    0.75,  -0.25,  -1.25, -0.125,
               0.25,   0.625, -0.375, 0,     0.375,  -0.625, -0.25, 0.125,  0.5,   -0.5,  -0.125, 0.25,  0.625,
               -1,     0.75,  -0.25,  -1.25, 0.5,    -0.5,   1.25})
      .reduction(9);
  cases.add("adaptive_avg_pool", "channels_last")
      .values(DType::f32, {1, 5, 4, 3}, pattern(60))
      .graph([](auto in) { return adaptive_avg_pool(in[0], {2, 3}, "NHWC"); })
      .expect({-0.0833333333, 0.291666667, 0.208333333, 0.125, 0.0416666667, -0.0416666667, -0.125, -0.208333333,
               -0.291666667, 0.208333333, 0.125, 0.0416666667, -0.0416666667, -0.125, -0.208333333, -0.291666667,
               0.0833333333, 0})
      .reduction(6);
  cases.add("adaptive_avg_pool", "symbolic")
      .input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 5, 8})
      .graph([](auto in) { return adaptive_avg_pool(in[0], {2, 3}); })
      .reduction(12);
  cases.add("adaptive_avg_pool", "one_axis")
      .input(DType::bf16, {"n", 3, "t"}, {2, 3, 7})
      .graph([](auto in) { return adaptive_avg_pool(in[0], {4}); })
      .reduction(3);
}

}  // namespace accelerate::ops
