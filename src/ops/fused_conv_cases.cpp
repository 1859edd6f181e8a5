#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_fused_conv(OpCases& cases) {
  cases.add("fused_conv", "relu")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {3, 2, 3, 3}, pattern(54, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 1};
        return fused_conv(in[0], in[1], in[2], {}, options, "relu");
      })
      .expect({0.875, 0,      3.5,   0, 0,    3.5625, 5.0625, 0, 0.875, 0,      0, 0, 0,      3.6875, 0.3125, 0,
               0,     1.0625, 4.125, 0, 0,    0,      3.25,   0, 0,     3.125,  0, 0, 0.1875, 0.75,   0.0625, 0,
               0,     5.375,  4.75,  0, 1.75, 0,      0,      0, 0,     7.5625, 0, 0, 0.5625, 1.0625, 0.625,  0})
      .reduction(18);
  cases.add("fused_conv", "residual_then_relu")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {3, 2, 3, 3}, pattern(54, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .values(DType::f32, {1, 3, 4, 4}, pattern(48, 2, 9))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 1};
        return fused_conv(in[0], in[1], in[2], in[3], options, "relu", true);
      })
      .expect({0, 0,      3.5,   0, 0,    2.8125, 4.8125, 0, 1.625, 0,      0, 0,      0,      4.6875, 0,      0,
               0, 1.8125, 3.125, 0, 0,    0.125,  4.25,   0, 0,     3.375,  0, 0,      0,      0.75,   0.5625, 0,
               0, 5.125,  5,     0, 0.75, 0,      0,      0, 0,     6.8125, 0, 0.1875, 1.3125, 0.0625, 0.125,  0})
      .reduction(18);
  cases.add("fused_conv", "silu_then_residual")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {3, 2, 3, 3}, pattern(54, 5, 13))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .values(DType::f32, {1, 3, 4, 4}, pattern(48, 2, 9))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 1};
        return fused_conv(in[0], in[1], in[2], in[3], options, "silu");
      })
      .expect({-0.382438101, -0.621312384, 3.39740719,   0.269969759,   0.955098296,   2.71422743,  4.78065737,
               0.163834863,  1.3675619,    -1.22671751,  -0.738405844,  -0.177310064,  0.392943083, 4.59743986,
               -0.569532698, -0.332408456, 0.0199697591, 1.53961601,    3.05938613,    -0.6263488,  -0.275903381,
               0.347249975,  4.12868762,   -0.93964545,  -0.402750025,  3.24347585,    0.596465427, -1.26381776,
               -0.397486597, 0.509384024,  0.532226245,  0.721624826,   -0.964536296,  5.10022355,  4.95925694,
               0.55412867,   0.490917403,  -0.609455875, -0.0849865965, 0.221624826,   0.732660748, 6.80857276,
               -0.528340306, 0.219726245,  1.10832982,   -0.210383991,  -0.0929032096, -0.132032698})
      .reduction(18);
  cases.add("fused_conv", "no_bias")
      .values(DType::f32, {1, 2, 4, 4}, pattern(32))
      .values(DType::f32, {3, 2, 3, 3}, pattern(54, 5, 13))
      .values(DType::f32, {1, 3, 4, 4}, pattern(48, 2, 9))
      .graph([](auto in) {
        ConvOptions options;
        options.padding_begin = {1, 1};
        return fused_conv(in[0], in[1], {}, in[2], options, "none");
      })
      .expect({0.625,   -3,     4.25,    0.5625,  -2.875,  3.5625, 5.5625,  -2.75,   2.375,   -2.375,  -1.75,  -1.875,
               -2.1875, 5.4375, 0.3125,  -3.3125, -0.4375, 1.8125, 3.125,   -3.6875, -1.4375, 0.125,   4.25,   -3.25,
               -0.625,  3.375,  -2.125,  -1.9375, -0.3125, 0.75,   0.5625,  -0.25,   -3.75,   4.375,   4.25,   -2.4375,
               0,       -1.5,   -0.9375, -1.5,    -1.375,  6.0625, -2.3125, -0.5625, 0.5625,  -0.6875, -0.625, -1.0625})
      .reduction(18);
  cases.add("fused_conv", "symbolic_channels_last")
      .input(DType::f32, {"n", "h", "w", 4}, {2, 5, 7, 4})
      .input(DType::f32, {6, 2, 3, 3}, {6, 2, 3, 3})
      .input(DType::f32, {6}, {6})
      .graph([](auto in) {
        ConvOptions options;
        options.strides = {2, 2};
        options.padding_begin = {1, 1};
        options.groups = 2;
        options.layout = "NHWC";
        return fused_conv(in[0], in[1], in[2], {}, options, "gelu");
      })
      .reduction(18);
  cases.add("fused_conv", "bf16")
      .input(DType::bf16, {"n", 2, "h", "w"}, {1, 2, 5, 5})
      .input(DType::bf16, {3, 2, 3, 3}, {3, 2, 3, 3})
      .input(DType::bf16, {3}, {3})
      .graph([](auto in) {
        ConvOptions options;
        return fused_conv(in[0], in[1], in[2], {}, options, "relu");
      })
      .reduction(18);
}

}  // namespace accelerate::ops
