#include "tests/unit/cpu_kernel_testing.h"

namespace accelerate::cpu {
namespace {

class Gemm : public KernelTest {
 protected:
  struct Weight {
    std::vector<double> values;  // [n, k], as stored
    std::unique_ptr<Buffer> packed;
    PackedWeight view;
  };

  // Random weights [n, k], given to pack() row-major or transposed, in slices of one panel.
  Weight make_weight(int64_t n, int64_t k, Element type, bool transposed = false, Element source_type = Element::f32) {
    Weight weight;
    const std::vector<float> source = uniform(n * k);
    std::vector<uint16_t> halves(source.size());
    std::vector<float> rounded = source;
    weight.values.resize(source.size());
    // The narrower of the two types decides what is stored.
    const Element narrow = type == Element::f32 ? source_type : type;
    if (narrow != Element::f32) {
      table.convert(n * k, source.data(), Element::f32, halves.data(), narrow);
      table.convert(n * k, halves.data(), narrow, rounded.data(), Element::f32);
    }
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < k; ++j) weight.values[i * k + j] = rounded[transposed ? j * n + i : i * k + j];
    }
    const size_t size_bytes = table.packed_size_bytes(n, k, type);
    weight.packed = std::make_unique<Buffer>(size_bytes);
    PackArgs args;
    args.source = source_type == Element::f32 ? static_cast<const void*>(source.data()) : halves.data();
    args.source_type = source_type;
    args.stride_n = transposed ? 1 : k;
    args.stride_k = transposed ? n : 1;
    args.n = n;
    args.k = k;
    args.dst = weight.packed->get();
    args.type = type;
    for (int64_t begin = 0; begin < n; begin += table.panel_columns) {
      args.n_begin = begin;
      args.n_end = std::min<int64_t>(n, begin + table.panel_columns);
      table.pack(args);
    }
    weight.view = {weight.packed->get(), n, k, type};
    return weight;
  }

  void run(const LinearArgs& args) {
    Buffer scratch(table.linear_scratch_bytes(args, executor().num_threads()));
    table.linear(args, executor(), scratch.get());
  }
};

TEST_P(Gemm, MatchesDoubleForOddSizesAndTails) {
  struct Size {
    int64_t m, n, k;
  };
  for (const Size s : {Size{1, 1, 1}, Size{1, 33, 7}, Size{2, 5, 3}, Size{3, 64, 65}, Size{4, 31, 17}, Size{5, 96, 130},
                       Size{13, 40, 12}, Size{29, 17, 64}, Size{130, 50, 20}, Size{128, 384, 384}, Size{7, 1000, 77},
                       Size{9, 20, 1100}, Size{140, 70, 1030}, Size{300, 3, 520}, Size{2, 2, 0}}) {
    const int64_t a_stride = s.k + 3, c_stride = s.n + 2;
    const std::vector<float> a = uniform(s.m * a_stride);
    Weight weight = make_weight(s.n, s.k, Element::f32);
    std::vector<float> c(s.m * c_stride, 99.0f);
    LinearArgs args;
    args.a = a.data();
    args.a_stride = a_stride;
    args.m = s.m;
    args.k = s.k;
    args.outputs[0] = {.weight = weight.view, .c = c.data(), .c_stride = c_stride};
    run(args);
    const double tolerance = 1e-6 * std::sqrt(static_cast<double>(s.k + 1)) * 4;
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        double sum = 0.0;
        for (int64_t k = 0; k < s.k; ++k) sum += a[i * a_stride + k] * weight.values[j * s.k + k];
        ASSERT_NEAR(c[i * c_stride + j], sum, tolerance) << s.m << "x" << s.n << "x" << s.k << " at " << i << "," << j;
      }
      for (int64_t j = s.n; j < c_stride; ++j) ASSERT_EQ(c[i * c_stride + j], 99.0f) << "wrote past a row";
    }
  }
}

TEST_P(Gemm, EpilogueOrdersBiasActivationAndResidual) {
  const int64_t m = 37, n = 45, k = 600;
  const std::vector<float> a = uniform(m * k), bias = uniform(n), residual = uniform(m * n, -2.0f, 2.0f);
  Weight weight = make_weight(n, k, Element::f32);
  for (int activation = 0; activation <= static_cast<int>(Activation::hardswish); ++activation) {
    for (const bool has_bias : {false, true}) {
      for (const int residual_kind : {0, 1, 2}) {
        std::vector<float> c(m * n);
        LinearArgs args;
        args.a = a.data();
        args.a_stride = k;
        args.m = m;
        args.k = k;
        args.outputs[0] = {.weight = weight.view, .c = c.data(), .c_stride = n};
        Epilogue& epilogue = args.outputs[0].epilogue;
        epilogue.activation = static_cast<Activation>(activation);
        if (has_bias) epilogue.bias = bias.data();
        if (residual_kind) epilogue.residual = residual.data();
        epilogue.residual_stride = n;
        epilogue.residual_before_activation = residual_kind == 2;
        run(args);
        for (int64_t i = 0; i < m; i += 3) {
          for (int64_t j = 0; j < n; ++j) {
            double x = has_bias ? bias[j] : 0.0;
            for (int64_t l = 0; l < k; ++l) x += a[i * k + l] * weight.values[j * k + l];
            if (residual_kind == 2) x += residual[i * n + j];
            x = activate(epilogue.activation, x);
            if (residual_kind == 1) x += residual[i * n + j];
            ASSERT_NEAR(c[i * n + j], x, 3e-5) << "activation " << activation << " at " << i << "," << j;
          }
        }
      }
    }
  }
}

TEST_P(Gemm, ResidualMayBeTheResult) {
  const int64_t m = 20, n = 40, k = 530;
  const std::vector<float> a = uniform(m * k), before = uniform(m * n);
  std::vector<float> c = before;
  Weight weight = make_weight(n, k, Element::f32);
  LinearArgs args;
  args.a = a.data();
  args.a_stride = k;
  args.m = m;
  args.k = k;
  args.outputs[0] = {.weight = weight.view, .c = c.data(), .c_stride = n};
  args.outputs[0].epilogue.residual = c.data();
  args.outputs[0].epilogue.residual_stride = n;
  run(args);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double x = before[i * n + j];
      for (int64_t l = 0; l < k; ++l) x += a[i * k + l] * weight.values[j * k + l];
      ASSERT_NEAR(c[i * n + j], x, 5e-5);
    }
  }
}

TEST_P(Gemm, WeightTypesAndLayouts) {
  for (const Element type : {Element::f32, Element::bf16, Element::f16}) {
    for (const Element source : {Element::f32, Element::bf16, Element::f16}) {
      if (source != Element::f32 && type != Element::f32 && source != type) continue;
      for (const bool transposed : {false, true}) {
        for (const int64_t m : {1, 3, 30}) {
          for (const int64_t k : {1, 33, 602}) {
            const int64_t n = 50;
            const std::vector<float> a = uniform(m * k);
            Weight weight = make_weight(n, k, type, transposed, source);
            std::vector<float> c(m * n);
            LinearArgs args;
            args.a = a.data();
            args.a_stride = k;
            args.m = m;
            args.k = k;
            args.outputs[0] = {.weight = weight.view, .c = c.data(), .c_stride = n};
            run(args);
            for (int64_t i = 0; i < m; ++i) {
              for (int64_t j = 0; j < n; ++j) {
                double x = 0.0;
                for (int64_t l = 0; l < k; ++l) x += a[i * k + l] * weight.values[j * k + l];
                ASSERT_NEAR(c[i * n + j], x, 5e-5) << "type " << int(type) << " source " << int(source) << " k " << k;
              }
            }
          }
        }
      }
    }
  }
}

TEST_P(Gemm, LowPrecisionProductsRoundOnlyA) {
  for (const int64_t m : {1, 5, 131}) {
    for (const int64_t k : {3, 64, 777}) {
      const int64_t n = 70;
      const std::vector<float> a = uniform(m * k);
      Weight weight = make_weight(n, k, Element::bf16);
      std::vector<float> c(m * n);
      LinearArgs args;
      args.a = a.data();
      args.a_stride = k;
      args.m = m;
      args.k = k;
      args.allow_native_low_precision = true;
      args.outputs[0] = {.weight = weight.view, .c = c.data(), .c_stride = n};
      run(args);
      const bool native = table.isa == Isa::avx512_bf16;
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          double x = 0.0;
          for (int64_t l = 0; l < k; ++l) {
            const float left = a[i * k + l];
            x += static_cast<double>(native ? from_bf16(to_bf16(left)) : left) * weight.values[j * k + l];
          }
          ASSERT_NEAR(c[i * n + j], x, 1e-4) << "m " << m << " k " << k;
        }
      }
    }
  }
}

TEST_P(Gemm, SeveralOutputsShareA) {
  const int64_t m = 50, k = 96, widths[] = {33, 64, 7};
  const std::vector<float> a = uniform(m * k), bias = uniform(64);
  std::vector<Weight> weights;
  std::vector<std::vector<float>> results;
  LinearArgs args;
  args.a = a.data();
  args.a_stride = k;
  args.m = m;
  args.k = k;
  args.num_outputs = 3;
  for (int i = 0; i < 3; ++i) {
    weights.push_back(make_weight(widths[i], k, i == 2 ? Element::bf16 : Element::f32));
    results.emplace_back(m * widths[i]);
  }
  for (int i = 0; i < 3; ++i) {
    args.outputs[i] = {.weight = weights[i].view, .c = results[i].data(), .c_stride = widths[i]};
  }
  args.outputs[1].epilogue.bias = bias.data();
  run(args);
  for (int o = 0; o < 3; ++o) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < widths[o]; ++j) {
        double x = o == 1 ? bias[j] : 0.0;
        for (int64_t l = 0; l < k; ++l) x += a[i * k + l] * weights[o].values[j * k + l];
        ASSERT_NEAR(results[o][i * widths[o] + j], x, 2e-5) << "output " << o;
      }
    }
  }
}

TEST_P(Gemm, BatchedMatmulWithStridesAndTranspose) {
  struct Size {
    int64_t m, n, k;
  };
  for (const Size s : {Size{1, 1, 1}, Size{5, 70, 33}, Size{65, 31, 600}, Size{600, 40, 9}, Size{3, 4, 0}}) {
    for (const bool transposed : {false, true}) {
      for (const bool shared_b : {false, true}) {
        const int64_t outer = 2, inner = 3;
        const std::vector<float> a = uniform(outer * inner * s.m * s.k), b = uniform(outer * inner * s.n * s.k);
        std::vector<float> c(outer * inner * s.m * s.n, 7.0f);
        MatmulArgs args;
        args.m = s.m;
        args.n = s.n;
        args.k = s.k;
        args.outer = outer;
        args.inner = inner;
        args.a = a.data();
        args.a_stride = s.k;
        args.a_outer = inner * s.m * s.k;
        args.a_inner = s.m * s.k;
        args.b = b.data();
        args.b_stride_k = transposed ? 1 : s.n;
        args.b_stride_n = transposed ? s.k : 1;
        args.b_outer = shared_b ? 0 : inner * s.n * s.k;
        args.b_inner = shared_b ? 0 : s.n * s.k;
        args.c = c.data();
        args.c_stride = s.n;
        args.c_outer = inner * s.m * s.n;
        args.c_inner = s.m * s.n;
        args.alpha = 0.5f;
        Buffer scratch(table.matmul_scratch_bytes(args, executor().num_threads()));
        table.matmul(args, executor(), scratch.get());
        for (int64_t batch = 0; batch < outer * inner; ++batch) {
          const float* b_at = b.data() + (shared_b ? 0 : batch * s.n * s.k);
          for (int64_t i = 0; i < s.m; ++i) {
            for (int64_t j = 0; j < s.n; ++j) {
              double x = 0.0;
              for (int64_t k = 0; k < s.k; ++k) {
                x += static_cast<double>(a[(batch * s.m + i) * s.k + k]) * b_at[transposed ? j * s.k + k : k * s.n + j];
              }
              ASSERT_NEAR(c[(batch * s.m + i) * s.n + j], 0.5 * x, 3e-5);
            }
          }
        }
      }
    }
  }
}

ACCELERATE_FOR_EACH_ISA(Gemm);

}  // namespace
}  // namespace accelerate::cpu
