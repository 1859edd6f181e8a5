// Our products and convolutions against oneDNN's, on the shapes of real models, interleaved; with the machine's
// measured peak. Prints one line a shape and, with --raw, the samples in microseconds.
//   gemm_bench [--threads N] [--batch N] [--samples N] [--product] [--raw] [substring of a shape's name]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "backends/cpu/kernels/kernel_table.h"
#include "backends/cpu/kernels/onednn.h"
#include "base/executor.h"
#include "tensor/tensor.h"

namespace {

using namespace accelerate;
using namespace accelerate::cpu;

double now_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Aligned {
  explicit Aligned(size_t count) : size_bytes((count * sizeof(float) + 63) / 64 * 64 + 64) {
    data = static_cast<float*>(memory.get());
    for (size_t i = 0; i < size_bytes / sizeof(float); ++i) {
      data[i] = static_cast<float>((i * 2654435761u >> 9) % 2048) / 1024.0f - 1.0f;
    }
  }
  size_t size_bytes;
  std::shared_ptr<void> memory = allocate_aligned(size_bytes);
  float* data = nullptr;
};

double median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}
double least_of(const std::vector<double>& samples) {
  return *std::min_element(samples.begin(), samples.end());
}

struct Options {
  int threads = 0, samples = 0;
  int64_t batch = 0;     // 0: several
  bool product = false;  // never Winograd's convolution
  bool raw = false;
  std::string filter;
};

// A product that stays in the first-level cache: the multiply-add rate that the tile reaches at best.
double measured_peak(const KernelTable& table, Executor& executor) {
  constexpr int64_t kRows = 84, kK = 128;
  const int64_t n = table.panel_columns;
  Aligned a(kRows * kK), w(n * kK), packed(table.packed_size_bytes(n, kK, Element::f32) / 4);
  table.pack({.source = w.data, .stride_n = kK, .n = n, .k = kK, .n_end = n, .dst = packed.data});
  std::vector<double> rates;
  for (int round = 0; round < 30; ++round) {
    constexpr int kRepeats = 400;
    const int threads = executor.num_threads();
    const double start = now_us();
    executor.parallel_for(threads, [&](int64_t, int) {
      std::vector<float> c(kRows * n);
      LinearArgs args;
      args.a = a.data;
      args.a_stride = kK;
      args.m = kRows;
      args.k = kK;
      args.outputs[0] = {.weight = {packed.data, n, kK, Element::f32}, .c = c.data(), .c_stride = n};
      for (int i = 0; i < kRepeats; ++i) table.linear(args, executor, nullptr);  // inline: inside a task
    });
    rates.push_back(2.0 * kRows * n * kK * kRepeats * threads / (now_us() - start) * 1e-3);
  }
  return *std::max_element(rates.begin(), rates.end());
}

void compare(const std::string& name, double flops, double peak, const Options& options,
             const std::function<void()>& ours, const std::function<void()>& theirs) {
  if (name.find(options.filter) == std::string::npos) return;
  const int samples = options.samples ? options.samples : std::clamp(static_cast<int>(1e11 / flops), 7, 200);
  std::vector<double> our_us, their_us;
  ours();
  if (theirs) theirs();
  for (int i = 0; i < samples; ++i) {
    double start = now_us();
    ours();
    our_us.push_back(now_us() - start);
    if (theirs) {
      start = now_us();
      theirs();
      their_us.push_back(now_us() - start);
    }
  }
  const auto rate = [flops](double us) { return flops / us * 1e-3; };
  std::printf("%-44s ours %7.1f (best %7.1f, %3.0f%% of peak)", name.c_str(), rate(median(our_us)),
              rate(least_of(our_us)), 100.0 * rate(least_of(our_us)) / peak);
  if (theirs) {
    std::printf("  oneDNN %7.1f (best %7.1f)  ratio %5.2f", rate(median(their_us)), rate(least_of(their_us)),
                median(their_us) / median(our_us));
  }
  std::printf("\n");
  if (options.raw) {
    std::printf("  ours_us:");
    for (const double us : our_us) std::printf(" %.1f", us);
    std::printf("\n  onednn_us:");
    for (const double us : their_us) std::printf(" %.1f", us);
    std::printf("\n");
  }
  std::fflush(stdout);
}

struct Product {
  const char* model;
  int64_t positions, n, k;  // positions of one batch element
  Activation activation;
};
constexpr Product kProducts[] = {
    {"minilm qkv", 128, 1152, 384, Activation::none},    {"minilm out", 128, 384, 384, Activation::none},
    {"minilm up", 128, 1536, 384, Activation::gelu},     {"minilm down", 128, 384, 1536, Activation::none},
    {"bert-base qkv", 128, 2304, 768, Activation::none}, {"bert-base out", 128, 768, 768, Activation::none},
    {"bert-base up", 128, 3072, 768, Activation::gelu},  {"bert-base down", 128, 768, 3072, Activation::none},
    {"vit-b16 qkv", 197, 2304, 768, Activation::none},   {"vit-b16 up", 197, 3072, 768, Activation::gelu},
    {"vit-b16 down", 197, 768, 3072, Activation::none},  {"vit-b16 head", 1, 1000, 768, Activation::none},
};

struct Convolution {
  const char* name;
  int64_t size, in, out, kernel, stride;
  bool residual = false;
};
constexpr Convolution kConvolutions[] = {
    {"stem 7x7/2", 224, 3, 64, 7, 2},
    {"56 1x1 64-64", 56, 64, 64, 1, 1},
    {"56 3x3 64-64", 56, 64, 64, 3, 1},
    {"56 1x1 64-256", 56, 64, 256, 1, 1},
    {"56 1x1 256-64", 56, 256, 64, 1, 1},
    {"28 3x3 128-128", 28, 128, 128, 3, 1},
    {"56 3x3/2 128", 56, 128, 128, 3, 2},
    {"28 1x1 128-512", 28, 128, 512, 1, 1},
    {"56 1x1/2 256-512", 56, 256, 512, 1, 2},
    {"14 3x3 256-256", 14, 256, 256, 3, 1},
    {"14 1x1 256-1024", 14, 256, 1024, 1, 1},
    {"7 3x3 512-512", 7, 512, 512, 3, 1},
    {"7 1x1 512-2048", 7, 512, 2048, 1, 1},
    {"7 1x1 2048-512", 7, 2048, 512, 1, 1},
    {"56 1x1 64-256 residual", 56, 64, 256, 1, 1, true},
    {"28 1x1 128-512 residual", 28, 128, 512, 1, 1, true},
    {"14 1x1 256-1024 residual", 14, 256, 1024, 1, 1, true},
    {"7 1x1 512-2048 residual", 7, 512, 2048, 1, 1, true},
    {"28 1x1 512-128", 28, 512, 128, 1, 1},
    {"14 1x1 1024-256", 14, 1024, 256, 1, 1},
};

void bench_product(const Product& p, int64_t batch, double peak, const KernelTable& table, Executor& executor,
                   const Options& options) {
  const std::string name = std::string(p.model) + " batch " + std::to_string(batch);
  if (name.find(options.filter) == std::string::npos) return;
  const int64_t m = p.positions * batch;
  Aligned a(m * p.k), w(p.n * p.k), bias(p.n), c(m * p.n), packed(table.packed_size_bytes(p.n, p.k, Element::f32) / 4);
  table.pack({.source = w.data, .stride_n = p.k, .n = p.n, .k = p.k, .n_end = p.n, .dst = packed.data});
  LinearArgs args;
  args.a = a.data;
  args.a_stride = p.k;
  args.m = m;
  args.k = p.k;
  args.outputs[0] = {.weight = {packed.data, p.n, p.k, Element::f32}, .c = c.data, .c_stride = p.n};
  args.outputs[0].epilogue = {.bias = bias.data, .activation = p.activation};
  std::function<void()> theirs;
  std::unique_ptr<OneDnnMatmul> peer;
  if (onednn_available()) {
    peer = std::make_unique<OneDnnMatmul>(m, p.n, p.k, w.data, bias.data, p.activation, executor.num_threads());
    theirs = [&] { peer->run(a.data, c.data); };
  }
  compare(name, 2.0 * m * p.n * p.k, peak, options, [&] { table.linear(args, executor, nullptr); }, theirs);
}

void bench_conv(const Convolution& conv, int64_t batch, double peak, const KernelTable& table, Executor& executor,
                const Options& options) {
  const std::string name = std::string("resnet ") + conv.name + " batch " + std::to_string(batch);
  if (name.find(options.filter) == std::string::npos) return;
  const int64_t out = (conv.size - 1) / conv.stride + 1, pad = conv.kernel / 2;
  ConvArgs args;
  args.shape = {.batch = batch,
                .in_h = conv.size,
                .in_w = conv.size,
                .in_channels = conv.in,
                .out_h = out,
                .out_w = out,
                .out_channels = conv.out,
                .kernel_h = conv.kernel,
                .kernel_w = conv.kernel,
                .stride_h = conv.stride,
                .stride_w = conv.stride,
                .pad_top = pad,
                .pad_left = pad};
  if (!options.product && table.winograd_pays(args.shape)) args.shape.method = ConvMethod::winograd;
  Aligned x(batch * conv.size * conv.size * conv.in), w(conv.out * conv.in * conv.kernel * conv.kernel), bias(conv.out),
      y(batch * out * out * conv.out), packed(table.conv_packed_size_bytes(args.shape) / 4);
  table.conv_pack({.shape = args.shape, .source = w.data, .input_nchw = args.input_nchw, .dst = packed.data});
  args.x = x.data;
  args.weight = packed.data;
  args.y = y.data;
  args.epilogue = {.bias = bias.data, .activation = Activation::relu};
  Aligned residual(conv.residual ? batch * out * out * conv.out : 0);
  if (conv.residual) {
    args.epilogue.residual = residual.data;
    args.epilogue.residual_stride = conv.out;
    args.epilogue.residual_before_activation = true;
  }
  Aligned scratch(table.conv_scratch_bytes(args, executor.num_threads()) / 4);
  std::function<void()> theirs;
  std::unique_ptr<OneDnnConv> peer;
  if (onednn_available() && !conv.residual) {
    peer = std::make_unique<OneDnnConv>(args.shape, w.data, bias.data, Activation::relu, executor.num_threads());
    theirs = [&] { peer->run(x.data, y.data); };
  }
  compare(
      name, 2.0 * batch * out * out * conv.out * conv.in * conv.kernel * conv.kernel, peak, options,
      [&] { table.conv(args, executor, scratch.data); }, theirs);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--threads") && i + 1 < argc) {
      options.threads = std::atoi(argv[++i]);
    } else if (!std::strcmp(argv[i], "--samples") && i + 1 < argc) {
      options.samples = std::atoi(argv[++i]);
    } else if (!std::strcmp(argv[i], "--batch") && i + 1 < argc) {
      options.batch = std::atoi(argv[++i]);
    } else if (!std::strcmp(argv[i], "--product")) {
      options.product = true;
    } else if (!std::strcmp(argv[i], "--raw")) {
      options.raw = true;
    } else {
      options.filter = argv[i];
    }
  }
  try {
    Executor executor({.num_threads = options.threads});
    const KernelTable& table = kernel_table(selected_isa());
    const double peak = measured_peak(table, executor);
    std::string reason;
    std::printf("%s, %s kernels, %d threads, measured peak %.1f GFLOP/s; GFLOP/s below are medians\n",
                cpu_model_name().c_str(), std::string(name_of(table.isa)).c_str(), executor.num_threads(), peak);
    if (!onednn_available(&reason)) std::printf("without oneDNN: %s\n", reason.c_str());
    for (const int64_t batch : {1, 8, 32}) {
      if (options.batch && options.batch != batch) continue;
      for (const Product& product : kProducts) bench_product(product, batch, peak, table, executor, options);
      for (const Convolution& conv : kConvolutions) bench_conv(conv, batch, peak, table, executor, options);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
