#include <cmath>
#include <limits>

#include "tests/unit/cpu_kernel_testing.h"

namespace accelerate::cpu {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

class Elementwise : public KernelTest {
 protected:
  // Error relative to the larger of the result and `scale`.
  void check_unary(Unary op, double (*f)(double), float low, float high, double tolerance, double scale = 0.0,
                   float p0 = 0.0f, float p1 = 0.0f) {
    const int64_t n = 3001;
    std::vector<float> x = uniform(n, low, high), y(n + 1, 99.0f);
    x[0] = low;
    x[1] = high;
    if (low <= 0.0f && high >= 0.0f) {
      x[2] = 0.0f;
      for (int i = 3; i < 200; ++i) x[i] *= 1e-3f;
      for (int i = 200; i < 300; ++i) x[i] *= 1e-6f;
    }
    table.unary(op, n, x.data(), y.data(), p0, p1);
    EXPECT_EQ(y[n], 99.0f) << "wrote past the end";
    double worst = 0.0;
    float at = 0.0f;
    for (int64_t i = 0; i < n; ++i) {
      const double expected = f(x[i]);
      if (std::isnan(expected) && std::isnan(y[i])) continue;
      if (expected == y[i]) continue;
      const double error = std::fabs(y[i] - expected) / std::fmax(std::fabs(expected), std::fmax(scale, 1e-37));
      if (!(error <= worst)) {
        worst = error;
        at = x[i];
      }
    }
    EXPECT_LE(worst, tolerance) << "unary op " << static_cast<int>(op) << " at x = " << at;
  }
};

TEST_P(Elementwise, UnaryAccuracy) {
  const double ulp = 1.2e-7;
  check_unary(Unary::copy, [](double x) { return x; }, -3, 3, 0);
  check_unary(Unary::neg, [](double x) { return -x; }, -3, 3, 0);
  check_unary(Unary::abs, [](double x) { return std::fabs(x); }, -3, 3, 0);
  check_unary(Unary::square, [](double x) { return x * x; }, -3, 3, ulp);
  check_unary(Unary::sqrt, [](double x) { return std::sqrt(x); }, 0, 100, ulp);
  check_unary(Unary::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1e-3f, 100, 2 * ulp);
  check_unary(Unary::reciprocal, [](double x) { return 1 / x; }, 1e-3f, 100, ulp);
  check_unary(Unary::exp, [](double x) { return std::exp(x); }, -87, 88, 2 * ulp);
  check_unary(Unary::exp, [](double x) { return std::exp(x); }, -1, 1, 2 * ulp);
  check_unary(Unary::log, [](double x) { return std::log(x); }, 1e-3f, 2, 2 * ulp, 0.05);
  check_unary(Unary::log, [](double x) { return std::log(x); }, 1, 1e30f, 2 * ulp);
  check_unary(Unary::log1p, [](double x) { return std::log1p(x); }, -0.9f, 5, 4 * ulp);
  check_unary(Unary::expm1, [](double x) { return std::expm1(x); }, -5, 20, 8 * ulp);
  check_unary(Unary::tanh, [](double x) { return std::tanh(x); }, -10, 10, 5 * ulp);
  check_unary(Unary::erf, [](double x) { return std::erf(x); }, -5, 5, 3e-7, 1.0);
  check_unary(Unary::erf, [](double x) { return std::erf(x); }, -0.5f, 0.5f, 5 * ulp);
  check_unary(Unary::sin, [](double x) { return std::sin(x); }, -100, 100, 2e-7, 1.0);
  check_unary(Unary::cos, [](double x) { return std::cos(x); }, -100, 100, 2e-7, 1.0);
  check_unary(Unary::sin, [](double x) { return std::sin(x); }, -8000, 8000, 2e-7, 1.0);
  check_unary(Unary::cos, [](double x) { return std::cos(x); }, -1e6f, 1e6f, 2e-7, 1.0);
  check_unary(Unary::tan, [](double x) { return std::tan(x); }, -1.5f, 1.5f, 2 * ulp);
  check_unary(Unary::sigmoid, [](double x) { return sigmoid(x); }, -80, 30, 4 * ulp);
  check_unary(Unary::relu, [](double x) { return std::fmax(x, 0); }, -3, 3, 0);
  check_unary(Unary::relu6, [](double x) { return std::fmin(std::fmax(x, 0), 6); }, -3, 10, 0);
  check_unary(Unary::leaky_relu, [](double x) { return x < 0 ? 0.25 * x : x; }, -3, 3, 0, 0, 0.25f);
  check_unary(Unary::elu, [](double x) { return x < 0 ? 1.5 * std::expm1(x) : x; }, -3, 3, 8 * ulp, 0, 1.5f);
  check_unary(
      Unary::selu, [](double x) { return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x); }, -3,
      3, 8 * ulp);
  check_unary(Unary::gelu, [](double x) { return gelu(x); }, -6, 6, 3e-7, 1.0);
  check_unary(Unary::gelu_tanh, [](double x) { return activate(Activation::gelu_tanh, x); }, -6, 6, 3e-7, 1.0);
  check_unary(Unary::quick_gelu, [](double x) { return x * sigmoid(1.702 * x); }, -6, 6, 3e-7, 1.0);
  check_unary(Unary::silu, [](double x) { return x * sigmoid(x); }, -20, 20, 3e-7, 1.0);
  check_unary(
      Unary::softplus, [](double x) { return std::log1p(std::exp(-std::fabs(x))) + std::fmax(x, 0); }, -30, 30,
      5 * ulp);
  check_unary(
      Unary::logsigmoid, [](double x) { return -(std::log1p(std::exp(-std::fabs(x))) + std::fmax(-x, 0)); }, -30, 30,
      5 * ulp);
  check_unary(Unary::softsign, [](double x) { return x / (1 + std::fabs(x)); }, -5, 5, 2 * ulp);
  check_unary(Unary::mish, [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }, -10, 40, 5e-7, 1.0);
  check_unary(
      Unary::hardsigmoid, [](double x) { return std::fmin(std::fmax(x / 6 + 0.5, 0), 1); }, -5, 5, 2 * ulp, 1.0);
  check_unary(Unary::hardswish, [](double x) { return activate(Activation::hardswish, x); }, -5, 5, 4 * ulp, 0.1);
  check_unary(Unary::floor, [](double x) { return std::floor(x); }, -5, 5, 0);
  check_unary(Unary::ceil, [](double x) { return std::ceil(x); }, -5, 5, 0);
  check_unary(Unary::trunc, [](double x) { return std::trunc(x); }, -5, 5, 0);
  check_unary(Unary::round, [](double x) { return std::nearbyint(x); }, -5, 5, 0);
  check_unary(Unary::round, [](double x) { return std::nearbyint(x); }, -1e9f, 1e9f, 0);
  check_unary(Unary::sign, [](double x) { return double((x > 0) - (x < 0)); }, -5, 5, 0);
  check_unary(Unary::clamp, [](double x) { return std::fmin(std::fmax(x, -0.5), 2); }, -5, 5, 0, 0, -0.5f, 2.0f);
  check_unary(Unary::scale_shift, [](double x) { return 3 * x + 0.5; }, -5, 5, 2 * ulp, 1.0, 3.0f, 0.5f);
  check_unary(Unary::log2, [](double x) { return std::log2(x); }, 1e-3f, 50, 2 * ulp);
  check_unary(Unary::log10, [](double x) { return std::log10(x); }, 1e-3f, 50, 4 * ulp);
  check_unary(Unary::exp2, [](double x) { return std::exp2(x); }, -20, 20, 2 * ulp);
  check_unary(Unary::asin, [](double x) { return std::asin(x); }, -1, 1, 4 * ulp);
  check_unary(Unary::acos, [](double x) { return std::acos(x); }, -1, 1, 4 * ulp);
  check_unary(Unary::atan, [](double x) { return std::atan(x); }, -9, 9, 4 * ulp);
  check_unary(Unary::sinh, [](double x) { return std::sinh(x); }, -9, 9, 4 * ulp);
  check_unary(Unary::cosh, [](double x) { return std::cosh(x); }, -9, 9, 4 * ulp);
  check_unary(Unary::asinh, [](double x) { return std::asinh(x); }, -9, 9, 4 * ulp);
  check_unary(Unary::acosh, [](double x) { return std::acosh(x); }, 1, 9, 4 * ulp);
  check_unary(Unary::atanh, [](double x) { return std::atanh(x); }, -0.9f, 0.9f, 4 * ulp);
}

TEST_P(Elementwise, UnaryEdges) {
  const auto f = [&](Unary op, float x) {
    // Also in a whole vector, not only in a tail.
    std::vector<float> in(33, x), out(33);
    table.unary(op, 33, in.data(), out.data(), -1.0f, 1.0f);
    EXPECT_TRUE(std::memcmp(&out[0], &out[32], 4) == 0 || (std::isnan(out[0]) && std::isnan(out[32])));
    return out[0];
  };
  EXPECT_EQ(f(Unary::exp, 100.0f), kInf);
  EXPECT_EQ(f(Unary::exp, kInf), kInf);
  EXPECT_EQ(f(Unary::exp, -200.0f), 0.0f);
  EXPECT_EQ(f(Unary::exp, -kInf), 0.0f);
  EXPECT_NEAR(f(Unary::exp, -100.0f), 3.78e-44f, 2e-45f);  // subnormal
  EXPECT_EQ(f(Unary::log, 0.0f), -kInf);
  EXPECT_EQ(f(Unary::log, kInf), kInf);
  EXPECT_TRUE(std::isnan(f(Unary::log, -1.0f)));
  EXPECT_NEAR(f(Unary::log, 1e-40f), std::log(1e-40), 2e-5);
  EXPECT_EQ(f(Unary::log1p, -1.0f), -kInf);
  EXPECT_EQ(f(Unary::log1p, kInf), kInf);
  EXPECT_TRUE(std::isnan(f(Unary::log1p, -2.0f)));
  EXPECT_EQ(f(Unary::expm1, -kInf), -1.0f);
  EXPECT_EQ(f(Unary::expm1, kInf), kInf);
  EXPECT_EQ(f(Unary::tanh, kInf), 1.0f);
  EXPECT_EQ(f(Unary::tanh, -kInf), -1.0f);
  EXPECT_EQ(f(Unary::erf, kInf), 1.0f);
  EXPECT_EQ(f(Unary::sigmoid, -kInf), 0.0f);
  EXPECT_EQ(f(Unary::sigmoid, kInf), 1.0f);
  EXPECT_EQ(f(Unary::softplus, 200.0f), 200.0f);
  EXPECT_EQ(f(Unary::round, 2.5f), 2.0f);
  EXPECT_EQ(f(Unary::round, -3.5f), -4.0f);
  EXPECT_TRUE(std::signbit(f(Unary::round, -0.25f)));
  EXPECT_TRUE(std::isnan(f(Unary::sin, kInf)));
  EXPECT_EQ(f(Unary::sign, kNan), 0.0f);  // as in PyTorch
  for (const Unary op :
       {Unary::exp,   Unary::log,   Unary::log1p, Unary::expm1, Unary::tanh,     Unary::erf,      Unary::sigmoid,
        Unary::relu,  Unary::relu6, Unary::gelu,  Unary::silu,  Unary::softplus, Unary::floor,    Unary::round,
        Unary::clamp, Unary::sin,   Unary::cos,   Unary::mish,  Unary::elu,      Unary::hardswish}) {
    EXPECT_TRUE(std::isnan(f(op, kNan))) << "op " << static_cast<int>(op);
  }
}

TEST_P(Elementwise, Binary) {
  const auto reference = [](Binary op, double a, double b) {
    switch (op) {
      case Binary::add: return a + b;
      case Binary::sub: return a - b;
      case Binary::mul: return a * b;
      case Binary::div: return a / b;
      case Binary::min: return std::fmin(a, b);
      case Binary::max: return std::fmax(a, b);
      case Binary::pow: return std::pow(a, b);
      case Binary::mod: return a - b * std::floor(a / b);
      case Binary::fmod: return std::fmod(a, b);
      case Binary::floor_div: return std::floor(a / b);
      case Binary::atan2: return std::atan2(a, b);
      case Binary::squared_difference: return (a - b) * (a - b);
    }
    return 0.0;
  };
  for (const int64_t n : {1, 15, 16, 50}) {
    for (int op = 0; op <= static_cast<int>(Binary::squared_difference); ++op) {
      const std::vector<float> a = uniform(n, 0.5f, 4.0f), b = uniform(n, 0.6f, 3.0f);
      for (const int scalars : {0, 1, 2, 3}) {
        std::vector<float> y(n + 1, 99.0f);
        table.binary(static_cast<accelerate::cpu::Binary>(op), n, {a.data(), (scalars & 1) != 0},
                     {b.data(), (scalars & 2) != 0}, y.data());
        for (int64_t i = 0; i < n; ++i) {
          const double expected =
              reference(static_cast<accelerate::cpu::Binary>(op), a[scalars & 1 ? 0 : i], b[scalars & 2 ? 0 : i]);
          ASSERT_NEAR(y[i], expected, 3e-7 * std::fmax(1.0, std::fabs(expected))) << "op " << op;
        }
        ASSERT_EQ(y[n], 99.0f);
      }
    }
  }
  std::vector<float> y(3), a{kNan, 1.0f, -5.0f}, b{1.0f, kNan, 3.0f};
  table.binary(accelerate::cpu::Binary::max, 3, {a.data()}, {b.data()}, y.data());
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  table.binary(accelerate::cpu::Binary::min, 3, {a.data()}, {b.data()}, y.data());
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  table.binary(accelerate::cpu::Binary::mod, 3, {a.data()}, {b.data()}, y.data());
  EXPECT_EQ(y[2], 1.0f);
  for (const float exponent : {2.0f, 3.0f, 1.0f, -1.0f, -2.0f, 0.5f, -0.5f, 1.7f}) {
    const std::vector<float> base = uniform(37, 0.1f, 9.0f);
    std::vector<float> result(37);
    table.binary(accelerate::cpu::Binary::pow, 37, {base.data()}, {&exponent, true}, result.data());
    for (int i = 0; i < 37; ++i)
      ASSERT_NEAR(result[i], std::pow(base[i], exponent), 1e-6 * std::pow(base[i], exponent));
  }
}

TEST_P(Elementwise, CompareAndSelect) {
  for (const int64_t n : {1, 7, 16, 45}) {
    std::vector<float> a(n), b(n);
    for (int64_t i = 0; i < n; ++i) {
      a[i] = static_cast<float>(i % 3);
      b[i] = i % 7 == 6 ? kNan : static_cast<float>(i % 2);
    }
    for (int op = 0; op <= static_cast<int>(Compare::ge); ++op) {
      for (const int scalars : {0, 1, 2}) {
        std::vector<uint8_t> y(n + 1, 77);
        table.compare(static_cast<Compare>(op), n, {a.data(), scalars == 1}, {b.data(), scalars == 2}, y.data());
        for (int64_t i = 0; i < n; ++i) {
          const float u = a[scalars == 1 ? 0 : i], v = b[scalars == 2 ? 0 : i];
          const bool expected[] = {u == v, u != v, u<v, u <= v, u> v, u >= v};
          ASSERT_EQ(y[i], expected[op]) << "op " << op << " " << u << " " << v;
        }
        ASSERT_EQ(y[n], 77);
      }
    }
    std::vector<uint8_t> condition(n);
    for (int64_t i = 0; i < n; ++i) condition[i] = i % 3 == 0 ? 255 : 0;
    std::vector<float> y(n);
    const float other = -4.0f;
    table.select(n, condition.data(), {a.data()}, {&other, true}, y.data());
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(y[i], i % 3 == 0 ? a[i] : other);
  }
}

TEST_P(Elementwise, Conversions) {
  std::vector<float> x = uniform(1000, -70000.0f, 70000.0f);
  const float specials[] = {0.0f,        -0.0f,       kInf,  -kInf,   kNan,    65504.0f, 65519.0f, 65520.0f,
                            1e-7f,       6e-8f,       3e-8f, 2.9e-8f, 6.1e-5f, 1e-40f,   3e38f,    3.4e38f,
                            1.00390625f, 1.01171875f, 1.5f,  -2.5f,   3e9f,    -3e9f};
  x.insert(x.end(), std::begin(specials), std::end(specials));
  const int64_t n = static_cast<int64_t>(x.size());
  std::vector<uint16_t> halves(n);
  std::vector<float> back(n);
  table.convert(n, x.data(), Element::f32, halves.data(), Element::bf16);
  table.convert(n, halves.data(), Element::bf16, back.data(), Element::f32);
  for (int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(back[i]));
    } else {
      ASSERT_EQ(halves[i], to_bf16(x[i])) << x[i];
      ASSERT_EQ(back[i], from_bf16(halves[i]));
    }
  }
  table.convert(n, x.data(), Element::f32, halves.data(), Element::f16);
  table.convert(n, halves.data(), Element::f16, back.data(), Element::f32);
  for (int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(back[i]));
      continue;
    }
    // Half precision by its definition: 11 bits, least exponent -24.
    double expected = x[i];
    if (std::isfinite(x[i]) && x[i] != 0.0f) {
      int exponent;
      std::frexp(std::fabs(static_cast<double>(x[i])), &exponent);
      const double unit = std::ldexp(1.0, std::max(exponent - 11, -24));
      expected = std::nearbyint(x[i] / unit) * unit;
      if (std::fabs(expected) >= 65520.0) expected = std::copysign(kInf, x[i]);
    }
    ASSERT_EQ(back[i], static_cast<float>(expected)) << x[i];
  }
  std::vector<int32_t> i32(n);
  std::vector<int64_t> i64(n);
  table.convert(n, x.data(), Element::f32, i32.data(), Element::i32);
  table.convert(n, x.data(), Element::f32, i64.data(), Element::i64);
  for (int64_t i = 0; i < n; ++i) {
    const bool fits32 = x[i] >= -0x1p31f && x[i] < 0x1p31f, fits64 = x[i] >= -0x1p63f && x[i] < 0x1p63f;
    ASSERT_EQ(i32[i], fits32 ? static_cast<int32_t>(x[i]) : INT32_MIN);
    ASSERT_EQ(i64[i], fits64 ? static_cast<int64_t>(x[i]) : INT64_MIN);
  }
  table.convert(n, i64.data(), Element::i64, i32.data(), Element::i32);
  table.convert(n, i32.data(), Element::i32, back.data(), Element::f32);
  for (int64_t i = 0; i < n; ++i) ASSERT_EQ(back[i], static_cast<float>(static_cast<int32_t>(i64[i])));
  std::vector<uint8_t> bytes(300);
  std::vector<float> floats(300);
  for (int i = 0; i < 300; ++i) bytes[i] = static_cast<uint8_t>(i);
  table.convert(300, bytes.data(), Element::u8, floats.data(), Element::f32);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(floats[i], static_cast<float>(bytes[i]));
}

ACCELERATE_FOR_EACH_ISA(Elementwise);

}  // namespace
}  // namespace accelerate::cpu
