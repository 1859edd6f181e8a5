#include <limits>

#include "tests/unit/cpu_kernel_testing.h"

namespace accelerate::cpu {
namespace {

class Norm : public KernelTest {};

TEST_P(Norm, LayerAndRootMeanSquare) {
  for (const int64_t cols : {1, 3, 16, 31, 384, 777}) {
    for (const bool rms : {false, true}) {
      for (const int options : {0, 1, 2, 3, 4}) {  // plain, weighted, offset, residual, residual and sum
        const int64_t rows = 11, stride = cols + 5;
        const std::vector<float> x = uniform(rows * stride, 1.0f, 5.0f), residual = uniform(rows * stride);
        const std::vector<float> weight = uniform(cols), bias = uniform(cols);
        std::vector<float> y(rows * stride, 99.0f), sum(rows * stride, 99.0f);
        NormArgs args;
        args.rows = rows;
        args.cols = cols;
        args.x = x.data();
        args.x_stride = args.residual_stride = args.y_stride = args.sum_stride = stride;
        if (options >= 1) args.weight = weight.data();
        if (options >= 1 && !rms) args.bias = bias.data();
        if (options == 2) args.weight_offset = 1.0f;
        if (options >= 3) args.residual = residual.data();
        if (options >= 4) args.sum = sum.data();
        args.eps = 1e-5f;
        args.y = y.data();
        (rms ? table.rms_norm : table.layer_norm)(args, executor());
        for (int64_t r = 0; r < rows; ++r) {
          std::vector<double> v(cols);
          double mean = 0.0, squares = 0.0;
          for (int64_t c = 0; c < cols; ++c) {
            v[c] = x[r * stride + c] + (options >= 3 ? residual[r * stride + c] : 0.0f);
            if (options >= 4) {
              ASSERT_EQ(sum[r * stride + c], x[r * stride + c] + residual[r * stride + c]);
            }
            mean += v[c] / static_cast<double>(cols);
          }
          if (rms) mean = 0.0;
          for (const double value : v) squares += (value - mean) * (value - mean) / static_cast<double>(cols);
          for (int64_t c = 0; c < cols; ++c) {
            double expected = (v[c] - mean) / std::sqrt(squares + 1e-5);
            if (args.weight) expected *= weight[c] + args.weight_offset;
            if (args.bias) expected += bias[c];
            // A row of one element has variance 0, where eps alone scales its rounding error.
            ASSERT_NEAR(y[r * stride + c], expected, cols == 1 ? 1e-3 : 2e-5) << "cols " << cols << " rms " << rms;
          }
          for (int64_t c = cols; c < stride; ++c) ASSERT_EQ(y[r * stride + c], 99.0f);
        }
      }
    }
  }
}

TEST_P(Norm, LayerInPlace) {
  std::vector<float> x = uniform(5 * 40);
  std::vector<float> y(x.size());
  NormArgs args;
  args.rows = 5;
  args.cols = 40;
  args.x = x.data();
  args.x_stride = args.y_stride = 40;
  args.y = y.data();
  table.layer_norm(args, executor());
  args.y = x.data();
  table.layer_norm(args, executor());
  EXPECT_EQ(x, y);
}

TEST_P(Norm, Group) {
  for (const bool channels_last : {false, true}) {
    for (const int64_t groups : {1, 3, 6}) {
      const int64_t batch = 2, channels = 6, spatial = 37;
      const std::vector<float> x = uniform(batch * channels * spatial, 0.0f, 3.0f), weight = uniform(channels),
                               bias = uniform(channels);
      std::vector<float> y(x.size());
      GroupNormArgs args{.batch = batch,
                         .channels = channels,
                         .spatial = spatial,
                         .groups = groups,
                         .channels_last = channels_last,
                         .x = x.data(),
                         .weight = weight.data(),
                         .bias = bias.data(),
                         .eps = 1e-5f,
                         .activation = Activation::silu,
                         .y = y.data()};
      table.group_norm(args, executor());
      const int64_t per_group = channels / groups;
      const auto at = [&](int64_t b, int64_t c, int64_t s) {
        return channels_last ? (b * spatial + s) * channels + c : (b * channels + c) * spatial + s;
      };
      for (int64_t b = 0; b < batch; ++b) {
        for (int64_t g = 0; g < groups; ++g) {
          double mean = 0.0, squares = 0.0;
          const double size = static_cast<double>(per_group * spatial);
          for (int64_t c = 0; c < per_group; ++c) {
            for (int64_t s = 0; s < spatial; ++s) mean += x[at(b, g * per_group + c, s)] / size;
          }
          for (int64_t c = 0; c < per_group; ++c) {
            for (int64_t s = 0; s < spatial; ++s) squares += std::pow(x[at(b, g * per_group + c, s)] - mean, 2) / size;
          }
          for (int64_t c = g * per_group; c < (g + 1) * per_group; ++c) {
            for (int64_t s = 0; s < spatial; ++s) {
              const double v = (x[at(b, c, s)] - mean) / std::sqrt(squares + 1e-5) * weight[c] + bias[c];
              ASSERT_NEAR(y[at(b, c, s)], v * sigmoid(v), 1e-5);
            }
          }
        }
      }
    }
  }
}

TEST_P(Norm, Softmax) {
  for (const int64_t cols : {1, 2, 15, 16, 33, 1000}) {
    for (const bool log : {false, true}) {
      const int64_t rows = 9;
      std::vector<float> x = uniform(rows * cols, -30.0f, 30.0f), y(x.size());
      for (int64_t c = 0; c < cols; ++c) x[c] += 1e6f;  // large values must not overflow
      SoftmaxArgs args{
          .rows = rows, .cols = cols, .x = x.data(), .x_stride = cols, .y = y.data(), .y_stride = cols, .log = log};
      table.softmax(args, executor());
      for (int64_t r = 0; r < rows; ++r) {
        double top = -1e30, total = 0.0;
        for (int64_t c = 0; c < cols; ++c) top = std::fmax(top, x[r * cols + c]);
        for (int64_t c = 0; c < cols; ++c) total += std::exp(x[r * cols + c] - top);
        for (int64_t c = 0; c < cols; ++c) {
          const double expected = x[r * cols + c] - top - std::log(total);
          if (log) {
            ASSERT_NEAR(y[r * cols + c], expected, 1e-5);
          } else {
            ASSERT_NEAR(y[r * cols + c], std::exp(expected), 1e-6);
          }
        }
      }
    }
  }
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  std::vector<float> x{1.0f, nan, 2.0f, -inf, 1.0f, 1.0f, -inf, -inf, -inf}, y(9);
  table.softmax({.rows = 3, .cols = 3, .x = x.data(), .x_stride = 3, .y = y.data(), .y_stride = 3}, executor());
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_EQ(y[3], 0.0f);
  EXPECT_FLOAT_EQ(y[4], 0.5f);
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST_P(Norm, Reductions) {
  for (const int64_t inner : {1, 5, 70}) {
    for (const int64_t size : {1, 3, 16, 65, 5000}) {
      const int64_t outer = 3;
      const std::vector<float> x = uniform(outer * size * inner, -1.1f, 1.1f);
      for (int op = 0; op <= static_cast<int>(Reduce::sum_abs); ++op) {
        std::vector<float> y(outer * inner);
        table.reduce(static_cast<Reduce>(op),
                     {.outer = outer, .size = size, .inner = inner, .x = x.data(), .y = y.data()}, executor());
        for (int64_t o = 0; o < outer; ++o) {
          for (int64_t i = 0; i < inner; ++i) {
            double sum = 0.0, top = -1e30, low = 1e30, product = 1.0, squares = 0.0, size_sum = 0.0;
            for (int64_t s = 0; s < size; ++s) {
              const double v = x[(o * size + s) * inner + i];
              sum += v;
              top = std::fmax(top, v);
              low = std::fmin(low, v);
              product *= v;
              squares += v * v;
              size_sum += std::fabs(v);
            }
            const double expected[] = {
                sum, sum / static_cast<double>(size), top, low, product, squares, std::sqrt(squares), size_sum};
            ASSERT_NEAR(y[o * inner + i], expected[op], 1e-6 * (1.0 + size_sum))
                << "op " << op << " size " << size << " inner " << inner;
          }
        }
      }
      for (const bool smallest : {false, true}) {
        std::vector<int64_t> y(outer * inner);
        table.arg_reduce(
            {.outer = outer, .size = size, .inner = inner, .x = x.data(), .y = y.data(), .smallest = smallest},
            executor());
        for (int64_t o = 0; o < outer; ++o) {
          for (int64_t i = 0; i < inner; ++i) {
            int64_t best = 0;
            for (int64_t s = 1; s < size; ++s) {
              const float v = x[(o * size + s) * inner + i], b = x[(o * size + best) * inner + i];
              if (smallest ? v < b : v > b) best = s;
            }
            ASSERT_EQ(y[o * inner + i], best);
          }
        }
      }
    }
  }
}

TEST_P(Norm, ReductionsLetNanThrough) {
  for (const int64_t inner : {1, 3}) {
    for (const int64_t place : {0, 7, 19}) {
      std::vector<float> x = uniform(20 * inner);
      x[place * inner] = std::numeric_limits<float>::quiet_NaN();
      std::vector<float> y(inner);
      std::vector<int64_t> at(inner);
      for (const Reduce op : {Reduce::max, Reduce::min}) {
        table.reduce(op, {.outer = 1, .size = 20, .inner = inner, .x = x.data(), .y = y.data()}, executor());
        EXPECT_TRUE(std::isnan(y[0]));
        table.arg_reduce(
            {.outer = 1, .size = 20, .inner = inner, .x = x.data(), .y = at.data(), .smallest = op == Reduce::min},
            executor());
        EXPECT_EQ(at[0], place);
        if (inner > 1) {
          EXPECT_FALSE(std::isnan(y[1]));
        }
      }
    }
  }
}

TEST_P(Norm, EmbeddingSumsTablesAndNormalises) {
  const int64_t rows = 13, cols = 45, words = 20;
  const std::vector<float> word = uniform(words * cols), position = uniform(8 * cols), kind = uniform(2 * cols),
                           weight = uniform(cols), bias = uniform(cols);
  for (const Element type : {Element::f32, Element::bf16, Element::f16}) {
    std::vector<uint16_t> halves(word.size());
    std::vector<float> rounded = word;
    if (type != Element::f32) {
      table.convert(words * cols, word.data(), Element::f32, halves.data(), type);
      table.convert(words * cols, halves.data(), type, rounded.data(), Element::f32);
    }
    for (const bool normalise : {false, true}) {
      std::vector<int64_t> ids(rows);
      std::vector<int32_t> kinds(rows);
      for (int64_t r = 0; r < rows; ++r) {
        ids[r] = r * 7 % words;
        kinds[r] = r % 2;
      }
      std::vector<float> y(rows * cols);
      EmbeddingArgs args;
      args.rows = rows;
      args.cols = cols;
      args.num_tables = 3;
      args.tables[0] = {.data = type == Element::f32 ? static_cast<const void*>(word.data()) : halves.data(),
                        .type = type,
                        .num_rows = words,
                        .row_stride = cols,
                        .ids = ids.data()};
      args.tables[1] = {.data = position.data(), .num_rows = 8, .row_stride = cols, .first_id = 2, .period = 5};
      args.tables[2] = {.data = kind.data(), .num_rows = 2, .row_stride = cols, .ids32 = kinds.data()};
      args.normalise = normalise;
      args.weight = weight.data();
      args.bias = bias.data();
      args.y = y.data();
      args.y_stride = cols;
      ASSERT_EQ(table.embedding(args, executor()), -1);
      for (int64_t r = 0; r < rows; ++r) {
        std::vector<double> v(cols);
        double mean = 0.0, squares = 0.0;
        for (int64_t c = 0; c < cols; ++c) {
          v[c] = static_cast<double>(rounded[ids[r] * cols + c]) + position[(2 + r % 5) * cols + c] +
                 kind[kinds[r] * cols + c];
          mean += v[c] / cols;
        }
        for (const double value : v) squares += (value - mean) * (value - mean) / cols;
        for (int64_t c = 0; c < cols; ++c) {
          const double expected =
              normalise ? (v[c] - mean) / std::sqrt(squares + args.eps) * weight[c] + bias[c] : v[c];
          ASSERT_NEAR(y[r * cols + c], expected, 1e-5);
        }
      }
      ids[5] = words;
      EXPECT_EQ(table.embedding(args, executor()), 5 * EmbeddingArgs::kMaxTables + 0);
      ids[5] = 0;
      kinds[4] = -1;
      EXPECT_EQ(table.embedding(args, executor()), 4 * EmbeddingArgs::kMaxTables + 2);
    }
  }
}

ACCELERATE_FOR_EACH_ISA(Norm);

}  // namespace
}  // namespace accelerate::cpu
