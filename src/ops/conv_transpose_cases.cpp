#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_conv_transpose(OpCases& cases) {
  cases.add("conv_transpose", "known")
      .values(DType::f32, {1, 2, 3, 4}, pattern(24))
      .values(DType::f32, {2, 3, 3, 2}, pattern(36, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvTransposeOptions options;
        return conv_transpose(in[0], in[1], in[2], options);
      })
      .expect({1.875,   -2.1875, 2,       -2.75,  -1.1875, -3.125,  2.9375,  -2,      -2.125,  -1.8125, 1.25,
               -2.8125, -1.8125, 1.9375,  2.75,   -1.125,  -0.875,  -2,      1.6875,  -1.375,  -1,      -1.125,
               0,       -3,      -2,      0.25,   -0.5625, -0.5625, -0.5625, 1.0625,  1.25,    -0.5625, -1.6875,
               -0.75,   -0.5625, -0.3125, -0.375, 0.75,    1.875,   -1.625,  -0.3125, -0.125,  3.0625,  -0.625,
               0.875,   -0.5,    0.6875,  -1.875, 0.375,   0.4375,  0.25,    3.5,     -0.6875, 4.0625,  -0.75,
               0.75,    -1.625,  3.5,     -1,     0.6875,  1.375,   2.875,   -2.375,  -1.4375, 2.9375,  1.3125,
               -0.1875, 0.8125,  1.125,   -0.125, 0.8125,  0.0625,  2.75,    1.3125,  0.4375})
      .reduction(12);
  cases.add("conv_transpose", "strides")
      .values(DType::f32, {1, 2, 3, 2}, pattern(12))
      .values(DType::f32, {2, 3, 2, 3}, pattern(36, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2, 3};
        options.padding_begin = {0, 1};
        options.output_padding = {1, 2};
        return conv_transpose(in[0], in[1], in[2], options);
      })
      .expect({-0.9375, -1.25,   -1.5,    -0.875,  -0.25,   -0.75, -1.0625, -1.375,  -1.25,   -0.625,  0,       -0.75,
               -0.125,  -2,      -1.5,    -1.4375, 1.0625,  -0.75, -0.875,  -2.75,   -2.9375, -0.4375, 2.0625,  -0.75,
               -0.6875, -0.6875, -1.5,    0.0625,  -2.4375, -0.75, -0.6875, -0.6875, 1.5625,  -0.9375, -3.4375, -0.75,
               -0.75,   -0.75,   -0.75,   -0.75,   -0.75,   -0.75, -0.4375, 0.0625,  -0.25,   0.375,   -0.625,  0,
               -0.5625, -0.0625, 0,       0.625,   -0.375,  0,     -0.875,  2.125,   -1.1875, 1.3125,  -2.6875, 0,
               -1.625,  1.375,   -0.1875, 2.3125,  -1.6875, 0,     0.0625,  0.0625,  1.3125,  -1.1875, 2.8125,  0,
               0.0625,  0.0625,  0.3125,  -2.1875, 1.8125,  0,     0,       0,       0,       0,       0,       0,
               4.125,   0.5625,  1,       0,       0.625,   0.75,  0.75,    0.4375,  1.25,    0.25,    0.875,   0.75,
               0,       1.375,   1.5625,  0,       0.0625,  0.75,  2.5,     0.625,   2.5625,  -1.4375, 1.0625,  0.75,
               0,       0.8125,  0.0625,  0,       1.5625,  0.75,  0.8125,  0.8125,  -0.9375, 3.0625,  0.5625,  0.75,
               0.75,    0.75,    0.75,    0.75,    0.75,    0.75})
      .reduction(12);
  cases.add("conv_transpose", "groups")
      .values(DType::f32, {1, 4, 3, 2}, pattern(24))
      .values(DType::f32, {4, 3, 2, 2}, pattern(48, 5, 13))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.groups = 2;
        options.strides = {2, 2};
        return conv_transpose(in[0], in[1], {}, options);
      })
      .expect({2.375,   -1.1875, -0.75,  -0.125, -1.5,    2.25,    0.5,    -0.5,    0.25,   1.625,   -1.5,    -1.4375,
               -0.25,   -0.5,    1.0625, -0.5,   -0.5,    0.3125,  0.5,    2.0625,  0.3125, -0.5,    -0.4375, -0.5,
               -1.3125, -1.625,  0.125,  0.75,   2.125,   -1.4375, -0.25,  0.375,   0.875,  -1,      -0.4375, 2.0625,
               -1.25,   0.125,   0.5,    0.5625, 0.3125,  0.3125,  1.0625, -1.4375, -0.5,   0.3125,  -1.5,    0.0625,
               2.3125,  -1.25,   -0.625, 0,      -1.5625, 2.1875,  0.625,  -0.375,  -0.125, 1.25,    -1,      -0.9375,
               -0.625,  -0.875,  1.5625, 0,      -0.5,    0.3125,  0,      1.5625,  0.3125, -0.5,    -0.9375, -1,
               -0.375,  0.25,    -0.875, 0.5,    -0.75,   -0.125,  0.25,   1.625,   0,      0.0625,  -0.5,    0.3125,
               -1.5,    -1.4375, -0.5,   0.3125, -1,      0.5625,  -0.125, 0.125,   0.5,    2.0625,  -1.25,   -1,
               0.5,     -0.5,    -0.25,  -0.5,   0.125,   0.75,    0.875,  -1,      1.0625, -0.5,    0.3125,  -0.5,
               -0.4375, 2.0625,  0.3125, 0.3125, -0.4375, -0.5,    0.875,  -0.5,    1.0625, -1.4375, -0.25,   1.625,
               -0.25,   0.375,   -1.25,  0.125,  -0.625,  0,       -0.125, 1.25,    0.5,    0.5625,  -0.5,    0.3125,
               -1,      -0.9375, -0.5,   0.3125, -1.5,    0.0625,  0.25,   0.5,     0,      1.5625,  -0.875,  -0.625})
      .reduction(16);
  cases.add("conv_transpose", "dilations")
      .values(DType::f32, {1, 2, 3, 3}, pattern(18))
      .values(DType::f32, {2, 2, 3, 2}, pattern(24, 5, 13))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.dilations = {2, 3};
        options.strides = {1, 2};
        options.padding_begin = {1, 2};
        return conv_transpose(in[0], in[1], {}, options);
      })
      .expect({-0.625,  -1.0625, 1.75,   0.6875,  0.1875,  1.375,   1.8125, 0.375,   0.375,   -0.75,
               -1.0625, -0.75,   0.5625, -2.4375, -0.125,  -0.0625, 0.5625, 2,       -1.4375, 0.25,
               -0.875,  0.6875,  2.25,   0.4375,  -1.9375, -0.3125, 1.6875, 0.6875,  -0.6875, -0.625,
               1.875,   0.625,   0.0625, 1.5625,  1.375,   0.25,    0.3125, -0.3125, -0.9375, -0.8125})
      .reduction(12);
  cases.add("conv_transpose", "cropped")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {2, 2, 1, 2}, pattern(8, 5, 13))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2, 2};
        options.padding_begin = {1, 2};
        return conv_transpose(in[0], in[1], {}, options);
      })
      .expect({0, 0, 0, 0, 1.0625, -0.1875, -1.8125, -2.125,  0, 0, 0, 0, -0.8125, 1.6875, 0.4375, 0.4375, 0, 0, 0, 0,
               0, 0, 0, 0, -0.625, 0.5625,  1.625,   -1.9375, 0, 0, 0, 0, 0.125,   0.1875, -0.375, 0.4375, 0, 0, 0, 0})
      .reduction(4);
  cases.add("conv_transpose", "channels_last")
      .values(DType::f32, {1, 3, 2, 2}, pattern(12))
      .values(DType::f32, {2, 3, 2, 2}, pattern(24, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2, 2};
        options.layout = "NHWC";
        return conv_transpose(in[0], in[1], in[2], options);
      })
      .expect({1.375,   -0.8125, 2.6875,  -1.1875, -1.75,   0.125,   0.625,   -1.375, 2.3125, -2.5,   -0.4375, -0.8125,
               -2.125,  1.375,   -0.8125, 1,       -1.1875, 2.3125,  -1.5625, 2.125,  0.125,  1,      -1,      2.6875,
               -1.5,    0.8125,  -0.125,  0.3125,  0.1875,  1.6875,  -2.25,   0.25,   -0.5,   -1,     1.5,     0.75,
               -0.3125, -1.25,   1.0625,  -1.75,   0.5625,  -0.375,  0.25,    -0.5,   2,      -1.75,  0.75,    0,
               1.125,   -1,      2.5625,  -1.625,  -1.3125, -0.1875, -1,      1.1875, 0.125,  1.1875, -0.6875, 2.3125,
               -1.9375, 1.625,   -0.5,    1,       -1.125,  2.4375,  -0.6875, -1.75,  0.4375, -1.75,  0.4375,  -0.625})
      .reduction(8);
  cases.add("conv_transpose", "one_axis")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .values(DType::f32, {3, 2, 4}, pattern(24, 5, 13))
      .values(DType::f32, {2}, pattern(2, 3, 7))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2};
        options.padding_begin = {1};
        return conv_transpose(in[0], in[1], in[2], options);
      })
      .expect({-0.6875, -3.75,  0.875,  -0.3125, -1,     -1,      -1.5,    -1.375,  -1,    0.875, -1,
               0.125,   -1.375, -0.625, 3.75,    -0.625, -0.6875, -0.3125, -1,      -1,    -1.5,  -1,
               -1.3125, -1,     0.9375, 0.125,   -1.375, -0.625,  3.75,    -0.6875, 0.625, 0.125})
      .reduction(12);
  cases.add("conv_transpose", "three_axes")
      .values(DType::f32, {1, 2, 2, 1, 2}, pattern(8))
      .values(DType::f32, {2, 1, 2, 2, 2}, pattern(16, 5, 13))
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2, 1, 2};
        return conv_transpose(in[0], in[1], {}, options);
      })
      .expect({1.5625, 0.3125, 0.1875,  -0.125,  -0.9375, 1.0625, -0.4375, 0.0625, -0.1875, -2.25, -0.25,
               1.875,  0.5625, -0.6875, -0.0625, -0.375,  -0.5,   0.125,   -1.875, -0.3125, 0.75,  -0.25,
               1.25,   -1.25,  0.375,   -2.25,   0.3125,  1.875,  0,       0.625,  -0.625,  0.9375})
      .reduction(16);
  cases.add("conv_transpose", "symbolic")
      .input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 3, 2})
      .input(DType::f32, {3, 2, 4, 4}, {3, 2, 4, 4})
      .input(DType::f32, {2}, {2})
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        return conv_transpose(in[0], in[1], in[2], options);
      })
      .reduction(48);
  cases.add("conv_transpose", "f16")
      .input(DType::f16, {"n", 3, "h"}, {1, 3, 4})
      .input(DType::f16, {3, 2, 3}, {3, 2, 3})
      .graph([](auto in) {
        ConvTransposeOptions options;
        options.strides = {2};
        return conv_transpose(in[0], in[1], {}, options);
      })
      .reduction(9);
}

}  // namespace accelerate::ops
