#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_conv(OpCases& cases) {
  cases.add("conv", "known")
      .values(DType::f32, {1, 2, 5, 4}, pattern(40))
      .values(DType::f32, {4, 2, 3, 3}, pattern(72, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .expect({2.125,  1.5625, 1.9375, -1.375, 5.875,   -2.9375, 3.125, 4.6875,  3.1875,  -6.25, -0.875, 2.0625,
               3.3125, 1.3125, 7.6875, -4.625, -0.3125, -0.25,   3.375, -5.4375, -0.9375, -1.5,  0.9375, -5.125})
      .reduction(18);
  cases.add("conv", "strides_padding")
      .values(DType::f32, {2, 3, 5, 6}, pattern(180))
      .values(DType::f32, {4, 3, 3, 2}, pattern(72, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 1};
        options.padding_begin = {1, 0};
        options.padding_end = {2, 1};
        return conv(in[0], in[1], in[2], options);
      })
      .expect(
          {2.9375,  -2.1875, -3.1875, 2.6875,  -2.4375, -1.625,  -5.5,    -2.625,  3,       -3.75,   -2.25,   1.0625,
           -2.625,  3.125,   -2.125,  -1.875,  0.4375,  -1.8125, 3.4375,  -1.4375, -2.1875, 2.5625,  -0.9375, 0.25,
           -0.3125, -2.875,  3.5,     0.25,    -3.6875, -2.3125, -2.6875, 4.375,   1.125,   -3.5,    0.125,   -0.1875,
           0.6875,  1.75,    -2,      -1.625,  2.1875,  0.5,     2.4375,  -2.3125, -0.875,  2.625,   -3.5,    2.4375,
           -1.9375, 0.75,    2.75,    -3.5,    4.6875,  0.625,   -3,      0.75,    -0.3125, 1.375,   0.3125,  -1.8125,
           1,       -0.25,   1.9375,  0,       -2.625,  4.625,   1.9375,  0.25,    -1.4375, -0.375,  3.4375,  -1.125,
           -3.1875, 2.6875,  -2.4375, -3.4375, -1,      -1.625,  3,       -3.75,   -2.25,   -0.0625, 0.75,    -0.0625,
           -2.125,  -1.875,  0.4375,  -1.375,  0.9375,  -3.3125, -2.1875, 2.5625,  -0.9375, -2.375,  -1.0625, -0.875,
           3.5,     0.25,    -3.6875, -0.75,   3.5625,  0.0625,  1.125,   -3.5,    0.125,   1,       -2.9375, 1,
           -2,      -1.625,  2.1875,  -2.9375, 2.9375,  0.6875,  -0.875,  2.625,   -3.5,    3.4375,  5.5625,  -0.625,
           2.75,    -3.5,    4.6875,  2.5625,  -4.375,  4.5,     -0.3125, 1.375,   0.3125,  -2.8125, 4.375,   -0.3125,
           1.9375,  0,       -2.625,  5.0625,  1.75,    -3.875,  -1.4375, -0.375,  3.4375,  -1.6875, -2.6875, 3})
      .reduction(18);
  cases.add("conv", "dilations")
      .values(DType::f32, {1, 2, 7, 6}, pattern(84))
      .values(DType::f32, {4, 2, 3, 2}, pattern(48, 5, 13))
      .graph([](auto in) {
        ConvOptions options;
        options.dilations = {2, 3};
        options.padding_begin = {1, 1};
        return conv(in[0], in[1], {}, options);
      })
      .expect({2.125,   -0.625,  -0.25,  0.125,  -0.5625, -1.3125, -1.625,  3,       2.125,   0.125,   0.625,   -2.0625,
               -0.1875, 1,       0.5,    -2.25,  3,       2.125,   -2.1875, -1.875,  0.0625,  -1.3125, 2.125,   0.0625,
               -1.3125, -2.0625, -0.625, 2.0625, -2.125,  0.0625,  1.4375,  0.8125,  -4.0625, -2.0625, 1.6875,  0.4375,
               1.8125,  -2.375,  1.6875, 0.9375, 0.125,   -4.0625, -2.0625, 2,       -0.5,    -0.125,  -1.4375, 3.125,
               0.125,   -0.75,   0.25,   -0.625, -1.3125, 2.125,   -0.125,  -2.3125, 3.25,    1.0625,  0.25,    -3.25,
               1.0625,  -1.625,  0.3125, 1.5625, -1.875,  1.6875,  1.0625,  0.25,    -1.9375, 0.875,   -0.3125, 0.0625,
               0.0625,  -0.625,  1.4375, 1.75,   0.1875,  -1.4375, 3.125,   -0.3125, -1.1875, -6.5,    -0.3125, 1.75,
               1.5625,  0.875,   -1,     3.8125, -1,      0.1875,  -3.25,   -0.3125, 1.75,    -1,      2.25,    0.3125,
               3.1875,  -1.375,  0.25,   1.1875})
      .reduction(12);
  cases.add("conv", "groups")
      .values(DType::f32, {1, 4, 4, 3}, pattern(48))
      .values(DType::f32, {6, 2, 2, 2}, pattern(48, 5, 13))
      .values(DType::f32, {6}, pattern(6, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.groups = 2;
        return conv(in[0], in[1], in[2], options);
      })
      .expect({0.6875, 2.5,    -3.5,   2.4375,  -3.5625, 2.375,   3.125, -0.6875, -0.0625, -0.4375, 0.1875, -0.1875,
               3.9375, 0.1875, 0.9375, -0.0625, 0.6875,  -0.3125, 2.875, -3.0625, 2.9375,  -3,      3,      1.1875,
               4.5,    1.1875, 4.875,  1.5625,  5.25,    -2.1875, 4.375, 0.4375,  4.25,    0.3125,  4.125,  -3.25})
      .reduction(8);
  cases.add("conv", "depthwise")
      .values(DType::f32, {1, 3, 5, 5}, pattern(75))
      .values(DType::f32, {3, 1, 3, 3}, pattern(27, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.groups = 3;
        options.padding_begin = {1, 1};
        return conv(in[0], in[1], in[2], options);
      })
      .expect({-2.125, 1,      1.25,   -1.25,   -0.875, 2.75,    0.0625,  -1,      -1.375,  -0.3125, -0.375,
               -1.125, -1.5,   2.25,   0.625,   -2.125, 2.5,     0.0625,  -1,      -1.1875, -1.75,   -2.625,
               0.8125, -2.625, -1.125, -0.75,   -1.375, 1.6875,  -0.75,   -1.25,   3.5,     -2.375,  0.1875,
               4.125,  -3.125, -1.625, 0.125,   -0.75,  -0.25,   -0.25,   -1.9375, 4,       -2.375,  0.1875,
               4,      0.125,  -1.125, -1.0625, 1.0625, -0.3125, -0.625,  0.1875,  -0.8125, 2.3125,  -1,
               -1,     3.5,    3.5,    -2,      1.5625, 4.75,    -2,      2.125,   -2,      4.75,    1.5625,
               -2,     3.5,    3.5,    -1,      -1,     2.3125,  -0.8125, 0.1875,  -0.625})
      .reduction(9);
  cases.add("conv", "depthwise_multiplier")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {4, 1, 3, 3}, pattern(36, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.groups = 2;
        return conv(in[0], in[1], in[2], options);
      })
      .expect({2.9375, 1.875, -1.3125, -1.6875, 0.1875, -2.75, -1.9375, 0.625, -2.75, 2.75, 2.75, -2.75, -0.5625,
               -1.0625, 2.9375, 0.375})
      .reduction(9);
  cases.add("conv", "channels_last")
      .values(DType::f32, {1, 5, 4, 2}, pattern(40))
      .values(DType::f32, {4, 2, 3, 3}, pattern(72, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 0};
        options.layout = "NHWC";
        return conv(in[0], in[1], in[2], options);
      })
      .expect({0.875,   6.25,    9.1875,  0.625,   1.3125,  -0.6875, 3.8125, -0.75,   9.0625,  2.3125,
               6.125,   -0.75,   3.8125,  1.3125,  -2,      -4.625,  5.25,   -0.3125, 3.875,   -1.8125,
               -0.6875, -1.3125, -3.5625, -4.3125, 2.125,   -2.25,   2.3125, -2.1875, -3.8125, -3.25,
               -5.125,  -4.6875, 2.3125,  -0.5,    -0.0625, -2.1875, -5.125, -3.25,   -3,      -2.875})
      .reduction(18);
  cases.add("conv", "channels_last_groups")
      .values(DType::f32, {1, 4, 3, 4}, pattern(48))
      .values(DType::f32, {6, 2, 2, 2}, pattern(48, 5, 13))
      .graph([](auto in) {
        ConvOptions options;
        options.groups = 2;
        options.strides = {1, 2};
        options.layout = "NHWC";
        return conv(in[0], in[1], {}, options);
      })
      .expect({3.0625, 5.25, 5, -1.1875, 2.625, 3.1875, -1.3125, -4.0625, -3.5625, 1.125, -1.375, -1.4375, 1.1875, 1.75,
               2.3125, -1.375, -0.5625, -0.5625})
      .reduction(8);
  cases.add("conv", "one_axis")
      .values(DType::f32, {2, 3, 7}, pattern(42))
      .values(DType::f32, {4, 3, 3}, pattern(36, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2};
        options.padding_begin = {1};
        return conv(in[0], in[1], in[2], options);
      })
      .expect({-0.8125, -1.25,   -2,      0.5625, -2.875, -1.875, 3.25,  0.5,     0.75,    1.5625,  3.625,
               -0.375,  -3.0625, 0,       -1,     -1.375, -3.625, 1.875, -1.625,  -0.3125, -0.0625, 3.125,
               0.6875,  -1.3125, -2.1875, -0.5,   -1.875, 2.5625, 2.875, -0.1875, -0.5,    0.625})
      .reduction(9);
  cases.add("conv", "one_axis_causal")
      .values(DType::f32, {1, 3, 6}, pattern(18))
      .values(DType::f32, {3, 1, 4}, pattern(12, 5, 13))
      .graph([](auto in) {
        ConvOptions options;
        options.groups = 3;
        options.padding_begin = {3};
        options.padding_end = {0};
        return conv(in[0], in[1], {}, options);
      })
      .expect({1.25, -1.75, 1.3125, 0, 0.375, 1.4375, 0.75, -0.5, 0.75, 1.3125, -2.0625, 0.0625, -0.375, 1, -1.5625,
               0.75, 1.5, -3.25})
      .reduction(4);
  cases.add("conv", "three_axes")
      .values(DType::f32, {1, 2, 3, 4, 3}, pattern(72))
      .values(DType::f32, {2, 2, 2, 3, 2}, pattern(48, 5, 13))
      .values(DType::f32, {2}, pattern(2, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {1, 2, 1};
        options.padding_begin = {0, 1, 1};
        return conv(in[0], in[1], in[2], options);
      })
      .expect({3.375,   -2.75,   -3.8125, 0.1875,  -1.5,    0.9375,  -3.4375, -1.6875, -0.375, -3.8125, 1.3125,
               -0.5625, 2.4375,  -3.4375, -2.3125, -2.4375, -1.5625, 3.8125,  -0.5625, 0.0625, -0.625,  -3.375,
               8.1875,  -1.9375, 0.5,     -0.5625, -1.5,    -0.875,  -2.8125, 8.1875,  -2.25,  -0.5625})
      .reduction(24);
  cases.add("conv", "pointwise")
      .values(DType::f32, {1, 3, 3, 3}, pattern(27))
      .values(DType::f32, {4, 3, 1, 1}, pattern(12, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .expect({0.9375, -2.4375, 1.0625, -3,      -2.25,  0.5625, -2.8125, 0.6875, 0.75,   1.4375, -2.0625, 1.3125,
               -1.5,   -2.25,   1.8125, -1.6875, 1.6875, 1.625,  1.9375,  1.5625, -0.875, 0.8125, 1.8125,  1.4375,
               1.0625, -1.375,  1.6875, 0.6875,  0.1875, -2.375, 0.5625,  0.0625, 0.9375, 0.4375, -2.125,  0.8125})
      .reduction(3);
  cases.add("conv", "patches")
      .values(DType::f32, {1, 3, 6, 4}, pattern(72))
      .values(DType::f32, {4, 3, 3, 2}, pattern(72, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {3, 2};
        return conv(in[0], in[1], in[2], options);
      })
      .expect({5.0625, -1.5625, -7.1875, -0.75, -0.1875, -2.5625, -2.0625, 1.0625, 4.3125, -5.1875, -1.8125, 4.5, 3,
               -2.25, -1.6875, 1.3125})
      .reduction(18);
  cases.add("conv", "symbolic")
      .input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 9, 7})
      .input(DType::f32, {5, 3, 3, 3}, {5, 3, 3, 3})
      .input(DType::f32, {5}, {5})
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(27);
  cases.add("conv", "symbolic_channels_last")
      .input(DType::f32, {"n", "h", "w", 3}, {2, 5, 7, 3})
      .input(DType::f32, {5, 3, 3, 3}, {5, 3, 3, 3})
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 1};
        options.padding_begin = {1, 1};
        options.layout = "NHWC";
        return conv(in[0], in[1], {}, options);
      })
      .reduction(27);
  cases.add("conv", "weight_bf16")
      .input(DType::f32, {"n", 3, "h", "w"}, {1, 3, 5, 5})
      .input(DType::bf16, {4, 3, 3, 3}, {4, 3, 3, 3})
      .input(DType::bf16, {4}, {4})
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(27);
  cases.add("conv", "f16")
      .input(DType::f16, {"n", 3, "h", "w"}, {1, 3, 5, 5})
      .input(DType::f16, {4, 3, 3, 3}, {4, 3, 3, 3})
      .input(DType::f16, {4}, {4})
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(27);
  cases.add("conv", "bf16")
      .input(DType::bf16, {"n", 3, "h", "w"}, {1, 3, 5, 5})
      .input(DType::bf16, {4, 3, 3, 3}, {4, 3, 3, 3})
      .input(DType::bf16, {4}, {4})
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(27);
  cases.add("conv", "no_items")
      .input(DType::f32, {"n", 3, 5, 5}, {0, 3, 5, 5})
      .input(DType::f32, {4, 3, 3, 3}, {4, 3, 3, 3})
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], {}, options);
      })
      .reduction(27);
  cases.add("conv", "volume")
      .values(DType::f32, {1, 2, 4, 5, 3}, pattern(120))
      .values(DType::f32, {3, 2, 2, 3, 2}, pattern(72, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        return conv(in[0], in[1], in[2], options);
      })
      .expect({4,       -2.4375, -5,      -0.4375, -5.75,   0.1875, -0.4375, 4.8125,  0.1875,  1.3125, -4,
               4,       1.3125,  1.0625,  4,       -2.4375, -5,     -0.4375, -2.4375, 2.25,    -4.875, -0.1875,
               -1.125,  -4,      -0.1875, 0.375,   -4,      1.375,  -1.625,  -2.4375, 1.375,   3.3125, -2.4375,
               2.25,    -4.875,  -0.1875, -4.8125, -1.1875, -1.5,   0.0625,  5.9375,  -0.0625, 0.0625, 1.625,
               -0.0625, -2.625,  8.0625,  -4.8125, -2.625,  -1.75,  -4.8125, -1.1875, -1.5,    0.0625})
      .reduction(24);
  cases.add("conv", "volume_strides_padding")
      .values(DType::f32, {1, 2, 4, 5, 3}, pattern(120))
      .values(DType::f32, {3, 2, 2, 3, 2}, pattern(72, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 1, 2};
        options.padding_begin = {1, 2, 1};
        return conv(in[0], in[1], in[2], options);
      })
      .expect({-0.75,   0.25,    -2,      -0.0625, -2.375,  0.8125,  3.25,    0.5,     -0.0625, -1.875,  -2.0625,
               1.0625,  -0.875,  0.9375,  -0.0625, 1.9375,  0.5,     -1.3125, -3.5,    4.8125,  -3.375,  1.3125,
               2.25,    4,       -0.3125, -0.8125, -0.25,   -3.6875, 0.25,    0.75,    0.3125,  -2.25,   -1.75,
               -0.0625, -1.75,   2.9375,  -1.75,   -0.25,   -0.5625, 1.125,   -0.625,  -4.3125, 0.9375,  0.125,
               0.6875,  1.4375,  0.9375,  -0.0625, 1.4375,  -0.1875, -0.125,  -0.3125, 1.3125,  -0.6875, 1,
               1.5,     1.125,   -3.25,   -0.25,   3.5625,  -1.625,  0.375,   0.75,    1.375,   1.75,    -2.4375,
               1.4375,  -7.6875, 1.25,    -5.0625, 0.5,     -2.75,   -1.125,  -1,      -1.1875, 4,       -0.6875,
               0.3125,  -0.1875, 1.4375,  -0.1875, -4.0625, -0.25,   -2.625,  0.1875,  1.625,   0.125,   -0.3125,
               4.25,    -0.125,  -0.375,  -0.875,  -0.1875, 0.4375,  2.25,    2.4375,  1.25,    -2,      -0.9375,
               4.5625,  -2.625,  1.125,   0.25,    1.625,   4.0625,  -2.625,  -0.375,  -4.8125, -0.875,  -2.375,
               0.3125,  2.5,     -0.875,  2.6875,  -0.9375, 5.125,   0.1875,  3.1875,  0.375,   1.75,    0.5625,
               -1.75,   0.1875,  -0.3125, 0.125,   2.3125})
      .reduction(24);
  cases.add("conv", "volume_groups_dilations")
      .values(DType::f32, {2, 4, 5, 3, 4}, pattern(480))
      .values(DType::f32, {4, 2, 3, 2, 2}, pattern(96, 5, 13))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {2, 0, 1};
        options.dilations = {2, 1, 3};
        options.groups = 2;
        return conv(in[0], in[1], {}, options);
      })
      .expect(
          {-0.1875, 6,       -3.1875, 2.375,   -5.0625, 0.375,   2.6875,  -1.0625, -3.5,    -1.625,  -3.875,  3.5,
           0,       -2.125,  2.8125,  -2.125,  5.125,   -0.1875, 0.4375,  1.3125,  1.125,   0.8125,  3.0625,  -0.9375,
           0.1875,  1.75,    -0.9375, 2.625,   -4.75,   -1.625,  2.125,   -7.8125, -1.4375, -4.3125, -3.1875, 0,
           -4.125,  -1.5,    2.875,   -1.625,  2.4375,  0.875,   1.3125,  6.125,   2.875,   3.5625,  2.1875,  2.1875,
           2.5625,  0.875,   -1.4375, 0.8125,  0.4375,  -3.5625, -2,      -5.25,   -3.6875, 0.375,   -2.9375, 2.4375,
           0.25,    -0.9375, -0.9375, 0.625,   -0.5625, 1.125,   -2.0625, -0.5,    1.125,   0.375,   1.9375,  0.4375,
           0.875,   -0.375,  2.8125,  -0.6875, 5.875,   -1.75,   0.125,   6,       -3.5,    2.4375,  -4.875,  0.5,
           2.25,    -1.1875, -3.1875, -1.625,  -3.8125, 3.5625,  -2.0625, -1.3125, 1,       -3.8125, -1.0625, 3,
           0.25,    3.5625,  2.875,   2.625,   3.8125,  0.0625,  1.75,    3.6875,  -2.9375, 2.5,     -1.25,   -3.125,
           2.4375,  -7.8125, -1.75,   -4.25,   -3,      0.125,   -4.5625, -1.625,  3.1875,  -1.625,  2.5,     0.9375,
           -4.5625, 2.9375,  -3.25,   2.125,   -5.375,  3.75,    2.4375,  -3.4375, 3.3125,  -1.875,  6.125,   -3.4375,
           1.75,    3.875,   -1.1875, 1.6875,  -1.9375, -2.125,  0.25,    -0.9375, -0.9375, 0.625,   -0.5625, 1.125,
           -2.0625, -0.5,    1.125,   0.375,   1.9375,  0.4375,  2.25,    0.1875,  3,       -0.0625, 5.5,     1,
           0.125,   5.125,   -3.6875, 2.625,   -3.3125, -1.5625, 0.875,   -6,      -3.3125, -3.75,   -7.1875, -1.9375,
           -2.0625, -1.3125, 1,       -3.8125, -1.0625, 3,       0.25,    3.5625,  2.875,   2.625,   3.8125,  0.0625,
           -2,      1.625,   0.4375,  0.4375,  1.3125,  1.125,   2.5625,  0.6875,  1.125,   0.1875,  1.75,    -0.9375,
           1.3125,  -1.4375, -2.125,  1.8125,  -1.375,  -1.1875, -4.125,  2.5,     -3.4375, 2.3125,  -4.9375, 3.3125,
           2.125,   -3.3125, 3.75,    -1.75,   5.75,    -3.25,   0.1875,  1.3125,  0,       2.5625,  0.875,   -1.4375,
           0.4375,  -2.0625, -1.5625, -2,      -5.25,   -3.6875, 0,       -1.75,   0.9375,  -6.125,  -1.875,  4.1875,
           2.6875,  -0.25,   2.8125,  0.125,   5.9375,  0.5625,  -0.1875, 5.25,    -3.25,   2.75,    -3.6875, -1.375})
      .reduction(24);
  cases.add("conv", "volume_patches")
      .input(DType::f32, {"n", 3, "t", "h", "w"}, {2, 3, 4, 8, 6})
      .input(DType::f32, {8, 3, 2, 4, 3}, {8, 3, 2, 4, 3})
      .input(DType::f32, {8}, {8})
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 4, 3};
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(72);
  cases.add("conv", "volume_constant_weight")
      .input(DType::f32, {"n", 2, "t", "h", "w"}, {2, 2, 5, 6, 7})
      .graph([](auto in) {
        Value weight = constant(*in[0].builder, Tensor::from(DType::f32, {4, 2, 3, 3, 3}, pattern(216, 5, 13)));
        ConvOptions options;
        options.padding_begin = {1, 1, 1};
        return conv(in[0], weight, {}, options);
      })
      .reduction(54);
  cases.add("conv", "volume_channels_last")
      .input(DType::f32, {"n", "t", "h", "w", 2}, {2, 5, 4, 6, 2})
      .input(DType::f32, {3, 2, 3, 2, 2}, {3, 2, 3, 2, 2})
      .input(DType::f32, {3}, {3})
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {1, 2, 1};
        options.padding_begin = {1, 0, 1};
        options.layout = "NHWC";
        return conv(in[0], in[1], in[2], options);
      })
      .reduction(24);
  cases.add("conv", "volume_depthwise")
      .input(DType::f32, {"n", 4, "t", "h", "w"}, {2, 4, 5, 4, 6})
      .input(DType::f32, {4, 1, 3, 3, 3}, {4, 1, 3, 3, 3})
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 1, 1};
        options.groups = 4;
        return conv(in[0], in[1], {}, options);
      })
      .reduction(27);
  cases.add("conv", "volume_causal")
      .input(DType::f32, {"n", 2, "t", "h", "w"}, {1, 2, 1, 4, 6})
      .input(DType::f32, {4, 2, 3, 3, 3}, {4, 2, 3, 3, 3})
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {2, 1, 1};
        options.padding_end = {0, 1, 1};
        return conv(in[0], in[1], {}, options);
      })
      .reduction(54);
}

}  // namespace accelerate::ops
