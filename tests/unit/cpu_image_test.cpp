#include <algorithm>
#include <array>
#include <limits>

#include "tests/unit/cpu_kernel_testing.h"

namespace accelerate::cpu {
namespace {

class Image : public KernelTest {
 protected:
  static int64_t out_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pads) {
    return (in + pads - dilation * (kernel - 1) - 1) / stride + 1;
  }

  void check_conv(ConvShape s, int64_t pad_bottom, int64_t pad_right, bool input_nchw, Activation activation,
                  int residual_kind) {
    s.out_h = out_size(s.in_h, s.kernel_h, s.stride_h, s.dilation_h, s.pad_top + pad_bottom);
    s.out_w = out_size(s.in_w, s.kernel_w, s.stride_w, s.dilation_w, s.pad_left + pad_right);
    const int64_t group_in = s.in_channels / s.groups, group_out = s.out_channels / s.groups;
    const int64_t taps = s.kernel_h * s.kernel_w, pixels = s.batch * s.out_h * s.out_w;
    const std::vector<float> x = uniform(s.batch * s.in_h * s.in_w * s.in_channels);
    const std::vector<float> weights = uniform(s.out_channels * group_in * taps), bias = uniform(s.out_channels);
    const std::vector<float> residual = uniform(pixels * s.out_channels);
    Buffer packed(table.conv_packed_size_bytes(s));
    table.conv_pack({.shape = s, .source = weights.data(), .input_nchw = input_nchw, .dst = packed.get()});
    std::vector<float> y(pixels * s.out_channels);
    ConvArgs args;
    args.shape = s;
    args.x = x.data();
    args.input_nchw = input_nchw;
    args.weight = packed.get();
    args.y = y.data();
    args.epilogue.bias = bias.data();
    args.epilogue.activation = activation;
    if (residual_kind) args.epilogue.residual = residual.data();
    args.epilogue.residual_stride = s.out_channels;
    args.epilogue.residual_before_activation = residual_kind == 2;
    Buffer scratch(table.conv_scratch_bytes(args, executor().num_threads()));
    std::fill(y.begin(), y.end(), std::nanf(""));
    table.conv(args, executor(), scratch.get());
    // A sum of n such products has a standard deviation of sqrt(n) / 3.
    const double spread = std::sqrt(static_cast<double>(group_in * taps)) / 3;
    const double tolerance =
        s.method == ConvMethod::winograd ? 6e-7 * (8 + std::sqrt(group_in)) * std::fmax(1, spread) : 3e-5;
    for (int64_t p = 0; p < pixels; ++p) {
      const int64_t b = p / (s.out_h * s.out_w), oh = p / s.out_w % s.out_h, ow = p % s.out_w;
      for (int64_t o = 0; o < s.out_channels; ++o) {
        double sum = bias[o];
        for (int64_t i = 0; i < s.kernel_h; ++i) {
          for (int64_t j = 0; j < s.kernel_w; ++j) {
            const int64_t h = oh * s.stride_h - s.pad_top + i * s.dilation_h;
            const int64_t w = ow * s.stride_w - s.pad_left + j * s.dilation_w;
            if (h < 0 || h >= s.in_h || w < 0 || w >= s.in_w) continue;
            for (int64_t c = 0; c < group_in; ++c) {
              const int64_t channel = o / group_out * group_in + c;
              const int64_t at = input_nchw ? ((b * s.in_channels + channel) * s.in_h + h) * s.in_w + w
                                            : ((b * s.in_h + h) * s.in_w + w) * s.in_channels + channel;
              sum += static_cast<double>(x[at]) * weights[(o * group_in + c) * taps + i * s.kernel_w + j];
            }
          }
        }
        const double r = residual[p * s.out_channels + o];
        if (residual_kind == 2) sum += r;
        sum = activate(activation, sum);
        if (residual_kind == 1) sum += r;
        ASSERT_NEAR(y[p * s.out_channels + o], sum, tolerance)
            << "pixel " << p << " channel " << o << " nchw " << input_nchw;
      }
    }
  }
};

TEST_P(Image, Convolution) {
  for (const bool nchw : {false, true}) {
    check_conv({.batch = 2,
                .in_h = 9,
                .in_w = 11,
                .in_channels = 3,
                .out_channels = 37,
                .kernel_h = 7,
                .kernel_w = 7,
                .stride_h = 2,
                .stride_w = 2,
                .pad_top = 3,
                .pad_left = 3},
               3, 3, nchw, Activation::relu, 0);
    check_conv({.batch = 1,
                .in_h = 14,
                .in_w = 13,
                .in_channels = 70,
                .out_channels = 40,
                .kernel_h = 3,
                .kernel_w = 3,
                .pad_top = 1,
                .pad_left = 1},
               1, 1, nchw, Activation::relu, 2);
    check_conv({.batch = 2,
                .in_h = 8,
                .in_w = 6,
                .in_channels = 5,
                .out_channels = 9,
                .kernel_h = 2,
                .kernel_w = 3,
                .stride_h = 1,
                .stride_w = 2,
                .dilation_h = 3,
                .dilation_w = 2,
                .pad_top = 0,
                .pad_left = 4},
               2, 1, nchw, Activation::gelu, 1);
    check_conv({.batch = 2,
                .in_h = 7,
                .in_w = 5,
                .in_channels = 12,
                .out_channels = 18,
                .kernel_h = 3,
                .kernel_w = 3,
                .pad_top = 1,
                .pad_left = 1,
                .groups = 3},
               1, 1, nchw, Activation::silu, 2);
    // One by one, plain, strided and grouped.
    check_conv({.batch = 2, .in_h = 12, .in_w = 12, .in_channels = 20, .out_channels = 70}, 0, 0, nchw,
               Activation::none, 1);
    check_conv({.batch = 1, .in_h = 9, .in_w = 9, .in_channels = 20, .out_channels = 33, .stride_h = 2, .stride_w = 2},
               0, 0, nchw, Activation::none, 0);
    check_conv({.batch = 1, .in_h = 6, .in_w = 9, .in_channels = 20, .out_channels = 40, .groups = 2}, 0, 0, nchw,
               Activation::none, 0);
    // Patch embedding.
    check_conv({.batch = 2,
                .in_h = 32,
                .in_w = 48,
                .in_channels = 3,
                .out_channels = 50,
                .kernel_h = 16,
                .kernel_w = 16,
                .stride_h = 16,
                .stride_w = 16},
               0, 0, nchw, Activation::none, 0);
    // Depthwise.
    for (const int64_t channels : {3, 16, 70, 130}) {
      check_conv({.batch = 2,
                  .in_h = 10,
                  .in_w = 7,
                  .in_channels = channels,
                  .out_channels = channels,
                  .kernel_h = 3,
                  .kernel_w = 3,
                  .stride_h = 2,
                  .stride_w = 1,
                  .pad_top = 1,
                  .pad_left = 1,
                  .groups = channels},
                 1, 1, nchw, Activation::hardswish, 2);
    }
    // A group of one input channel and two output channels.
    check_conv({.batch = 1,
                .in_h = 6,
                .in_w = 6,
                .in_channels = 4,
                .out_channels = 8,
                .kernel_h = 3,
                .kernel_w = 3,
                .groups = 4},
               0, 0, nchw, Activation::none, 0);
    // One-dimensional, as audio models use.
    check_conv({.batch = 1,
                .in_h = 1,
                .in_w = 200,
                .in_channels = 8,
                .out_channels = 16,
                .kernel_h = 1,
                .kernel_w = 5,
                .stride_w = 2,
                .pad_left = 2},
               0, 2, nchw, Activation::gelu, 0);
  }
}

TEST_P(Image, Winograd) {
  // Sizes that are no multiple of a tile, each side's padding, few and many tiles, channels that fill no vector, and
  // more input channels than one pass takes.
  struct Case {
    int64_t batch, in_h, in_w, in, out, pads[4];  // top, left, bottom, right
  };
  const Case cases[] = {
      {1, 8, 8, 32, 32, {1, 1, 1, 1}},   {2, 14, 13, 70, 40, {1, 1, 1, 1}}, {3, 7, 9, 33, 65, {0, 2, 1, 0}},
      {1, 3, 3, 5, 3, {0, 0, 0, 0}},     {1, 1, 30, 16, 17, {1, 1, 1, 1}},  {1, 5, 6, 600, 36, {2, 0, 0, 2}},
      {2, 30, 31, 24, 20, {1, 1, 1, 1}}, {1, 60, 44, 10, 48, {1, 0, 1, 2}}, {1, 2, 2, 40, 32, {1, 1, 1, 1}}};
  for (const Case& c : cases) {
    for (const int residual_kind : {0, 1, 2}) {
      const Activation activation[] = {Activation::none, Activation::gelu, Activation::relu};
      check_conv({.batch = c.batch,
                  .in_h = c.in_h,
                  .in_w = c.in_w,
                  .in_channels = c.in,
                  .out_channels = c.out,
                  .kernel_h = 3,
                  .kernel_w = 3,
                  .pad_top = c.pads[0],
                  .pad_left = c.pads[1],
                  .method = ConvMethod::winograd},
                 c.pads[2], c.pads[3], false, activation[residual_kind], residual_kind);
    }
  }
}

TEST_P(Image, WinogradIsAboutAsExactAsAProduct) {
  ConvShape s{.batch = 1,
              .in_h = 20,
              .in_w = 20,
              .in_channels = 128,
              .out_h = 20,
              .out_w = 20,
              .out_channels = 32,
              .kernel_h = 3,
              .kernel_w = 3,
              .pad_top = 1,
              .pad_left = 1};
  const std::vector<float> x = uniform(20 * 20 * 128), weights = uniform(32 * 128 * 9);
  double worst[2] = {0, 0}, largest = 0;
  for (const ConvMethod method : {ConvMethod::product, ConvMethod::winograd}) {
    s.method = method;
    Buffer packed(table.conv_packed_size_bytes(s));
    table.conv_pack({.shape = s, .source = weights.data(), .dst = packed.get()});
    std::vector<float> y(20 * 20 * 32);
    ConvArgs args;
    args.shape = s;
    args.x = x.data();
    args.weight = packed.get();
    args.y = y.data();
    Buffer scratch(table.conv_scratch_bytes(args, executor().num_threads()));
    table.conv(args, executor(), scratch.get());
    for (int64_t p = 0; p < 20 * 20; ++p) {
      for (int64_t o = 0; o < 32; ++o) {
        double sum = 0;
        for (int64_t t = 0; t < 9; ++t) {
          const int64_t h = p / 20 - 1 + t / 3, w = p % 20 - 1 + t % 3;
          if (h < 0 || h >= 20 || w < 0 || w >= 20) continue;
          for (int64_t c = 0; c < 128; ++c)
            sum += static_cast<double>(x[(h * 20 + w) * 128 + c]) * weights[(o * 128 + c) * 9 + t];
        }
        double& error = worst[method == ConvMethod::winograd];
        error = std::fmax(error, std::fabs(y[p * 32 + o] - sum));
        largest = std::fmax(largest, std::fabs(sum));
      }
    }
  }
  EXPECT_LT(worst[1], 3 * worst[0]);
  EXPECT_LT(worst[1], 3e-6 * largest);
}

TEST_P(Image, Pooling) {
  for (const int64_t channels : {1, 16, 35}) {
    for (const auto& [kernel, stride, dilation, pad] :
         {std::array<int64_t, 4>{3, 2, 1, 1}, std::array<int64_t, 4>{2, 2, 1, 0}, std::array<int64_t, 4>{2, 1, 2, 1},
          std::array<int64_t, 4>{7, 7, 1, 0}}) {
      ConvShape s{.batch = 2,
                  .in_h = 9,
                  .in_w = 7,
                  .in_channels = channels,
                  .out_channels = channels,
                  .kernel_h = kernel,
                  .kernel_w = kernel,
                  .stride_h = stride,
                  .stride_w = stride,
                  .dilation_h = dilation,
                  .dilation_w = dilation,
                  .pad_top = pad,
                  .pad_left = pad};
      s.out_h = out_size(s.in_h, kernel, stride, dilation, 2 * pad);
      s.out_w = out_size(s.in_w, kernel, stride, dilation, 2 * pad);
      const std::vector<float> x = uniform(s.batch * s.in_h * s.in_w * channels);
      for (const int mode : {0, 1, 2}) {
        std::vector<float> y(s.batch * s.out_h * s.out_w * channels);
        table.pool({.kind = mode == 0 ? Pool::max : Pool::average,
                    .shape = s,
                    .pad_bottom = pad,
                    .pad_right = pad,
                    .count_include_pad = mode == 1,
                    .x = x.data(),
                    .y = y.data()},
                   executor());
        for (int64_t p = 0; p < s.batch * s.out_h * s.out_w; ++p) {
          const int64_t b = p / (s.out_h * s.out_w), oh = p / s.out_w % s.out_h, ow = p % s.out_w;
          for (int64_t c = 0; c < channels; ++c) {
            double sum = 0.0, top = -1e30;
            int64_t inside = 0;
            for (int64_t i = 0; i < kernel; ++i) {
              for (int64_t j = 0; j < kernel; ++j) {
                const int64_t h = oh * stride - pad + i * dilation, w = ow * stride - pad + j * dilation;
                if (h < 0 || h >= s.in_h || w < 0 || w >= s.in_w) continue;
                const double v = x[((b * s.in_h + h) * s.in_w + w) * channels + c];
                sum += v;
                top = std::fmax(top, v);
                ++inside;
              }
            }
            const double expected = mode == 0 ? top : sum / static_cast<double>(mode == 1 ? kernel * kernel : inside);
            ASSERT_NEAR(y[p * channels + c], expected, 1e-6);
          }
        }
      }
    }
  }
}

TEST_P(Image, CopyPermutesExpandsAndFlips) {
  struct Case {
    std::vector<int64_t> dims, src_strides;
  };
  const std::vector<Case> cases = {
      {{}, {}},
      {{5}, {1}},
      {{3, 70, 41}, {70 * 41, 1, 70}},                              // transpose of the last two
      {{4, 33, 9, 20}, {33 * 9 * 20, 20, 33 * 20, 1}},              // [B,H,T,D] from [B,T,H,D]
      {{2, 20, 7, 9}, {20 * 7 * 9, 1, 20 * 9, 20}},                 // NHWC to NCHW
      {{2, 7, 9, 20}, {20 * 7 * 9, 9, 1, 7 * 9}},                   // NCHW to NHWC
      {{3, 5, 8}, {0, 1, 0}},                                       // expand
      {{6, 10}, {10, -1}},                                          // flip
      {{2, 3, 2, 3, 2, 3, 2, 1}, {1, 2, 6, 12, 36, 72, 216, 432}},  // rank 8, reversed
      {{100, 3}, {6, 2}},                                           // a slice with steps
      {{4, 0, 3}, {3, 3, 1}},                                       // empty
  };
  for (const Case& c : cases) {
    CopyArgs args;
    args.rank = static_cast<int>(c.dims.size());
    int64_t count = 1, low = 0, high = 0;
    for (int i = args.rank - 1; i >= 0; --i) {
      args.dims[i] = c.dims[i];
      args.src_strides[i] = c.src_strides[i];
      args.dst_strides[i] = count;
      count *= c.dims[i];
      (c.src_strides[i] < 0 ? low : high) += c.src_strides[i] * (c.dims[i] - 1);
    }
    for (const size_t size : {1, 2, 4, 8}) {
      args.element_size = size;
      std::vector<uint8_t> src((high - low + 1) * size), dst(count * size + 1, 99), expected(count * size);
      for (uint8_t& byte : src) byte = static_cast<uint8_t>(random());
      args.src = src.data() - low * static_cast<int64_t>(size);
      args.dst = dst.data();
      table.copy(args, executor());
      for (int64_t i = 0; i < count; ++i) {
        int64_t rest = i, from = -low;
        for (int a = args.rank - 1; a >= 0; --a) {
          from += rest % c.dims[a] * c.src_strides[a];
          rest /= c.dims[a];
        }
        std::memcpy(expected.data() + i * size, src.data() + from * size, size);
      }
      EXPECT_EQ(dst.back(), 99);
      dst.pop_back();
      EXPECT_EQ(dst, expected) << "rank " << args.rank << " element " << size;
    }
  }
}

TEST_P(Image, CopyIntoAStridedTarget) {
  const int64_t rows = 50, cols = 37;
  std::vector<float> src = uniform(rows * cols), dst(rows * 2 * cols, 5.0f);
  CopyArgs args;
  args.rank = 2;
  args.dims[0] = rows;
  args.dims[1] = cols;
  args.src_strides[0] = cols;
  args.src_strides[1] = 1;
  args.dst_strides[0] = 2 * cols;
  args.dst_strides[1] = 1;
  args.src = src.data();
  args.dst = dst.data() + cols;
  table.copy(args, executor());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) {
      ASSERT_EQ(dst[r * 2 * cols + c], 5.0f);
      ASSERT_EQ(dst[r * 2 * cols + cols + c], src[r * cols + c]);
    }
  }
}

TEST_P(Image, Resize) {
  // A linear function of the position is kept by bilinear interpolation away from the border, a constant by bicubic.
  const int64_t in_h = 12, in_w = 10, out_h = 30, out_w = 25, channels = 19;
  for (const bool channels_first : {false, true}) {
    for (const Resize kind : {Resize::nearest, Resize::bilinear, Resize::bicubic}) {
      for (const bool align : {false, true}) {
        if (align && kind == Resize::nearest) continue;
        std::vector<float> x(in_h * in_w * channels), y(out_h * out_w * channels);
        const int64_t slope = kind == Resize::bicubic ? 0 : 1;
        const auto in_at = [&](int64_t c, int64_t h, int64_t w) {
          return channels_first ? (c * in_h + h) * in_w + w : (h * in_w + w) * channels + c;
        };
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t h = 0; h < in_h; ++h) {
            for (int64_t w = 0; w < in_w; ++w) x[in_at(c, h, w)] = static_cast<float>(c + slope * (2 * h - 3 * w));
          }
        }
        ResizeArgs args;
        args.kind = kind;
        args.batch = 1;
        args.in_h = in_h;
        args.in_w = in_w;
        args.out_h = out_h;
        args.out_w = out_w;
        args.channels = channels;
        args.align_corners = align;
        args.channels_first = channels_first;
        args.scale_h = align ? float(in_h - 1) / float(out_h - 1) : float(in_h) / float(out_h);
        args.scale_w = align ? float(in_w - 1) / float(out_w - 1) : float(in_w) / float(out_w);
        args.x = x.data();
        args.y = y.data();
        table.resize(args, executor());
        int64_t checked = 0;
        for (int64_t c = 0; c < channels; ++c) {
          for (int64_t h = 0; h < out_h; ++h) {
            for (int64_t w = 0; w < out_w; ++w) {
              double row = align ? h * double(args.scale_h) : (h + 0.5) * args.scale_h - 0.5;
              double column = align ? w * double(args.scale_w) : (w + 0.5) * args.scale_w - 0.5;
              if (kind == Resize::nearest) {
                row = std::floor(h * double(args.scale_h) + 1e-6);
                column = std::floor(w * double(args.scale_w) + 1e-6);
              } else if (row < 1 || row > in_h - 2.001 || column < 1 || column > in_w - 2.001) {
                continue;
              }
              const float found = y[channels_first ? (c * out_h + h) * out_w + w : (h * out_w + w) * channels + c];
              ASSERT_NEAR(found, c + slope * (2 * row - 3 * column), 5e-5)
                  << "kind " << int(kind) << " h " << h << " w " << w;
              ++checked;
            }
          }
        }
        EXPECT_GT(checked, 1000);
      }
    }
  }
}

TEST_P(Image, ResizeEqualsTorchOnKnownValues) {
  // torch.nn.functional.interpolate(torch.tensor([[[[1., 2.], [3., 4.]]]]), size=(3, 3), mode=...)
  const std::vector<float> x{1, 2, 3, 4};
  const auto run = [&](Resize kind) {
    std::vector<float> y(9);
    ResizeArgs args;
    args.kind = kind;
    args.batch = args.channels = 1;
    args.in_h = args.in_w = 2;
    args.out_h = args.out_w = 3;
    args.scale_h = args.scale_w = 2.0f / 3.0f;
    args.x = x.data();
    args.y = y.data();
    table.resize(args, executor());
    return y;
  };
  const std::vector<float> nearest{1, 1, 2, 1, 1, 2, 3, 3, 4}, bilinear{1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4};
  EXPECT_EQ(run(Resize::nearest), nearest);
  const std::vector<float> linear = run(Resize::bilinear), cubic = run(Resize::bicubic);
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(linear[i], bilinear[i], 1e-6);
  const std::vector<float> bicubic{0.73958361f, 1.32638907f, 1.91319489f, 1.91319466f, 2.5f,
                                   3.08680582f, 3.08680606f, 3.67361116f, 4.26041651f};
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(cubic[i], bicubic[i], 1e-5);
}

ACCELERATE_FOR_EACH_ISA(Image);

}  // namespace
}  // namespace accelerate::cpu
