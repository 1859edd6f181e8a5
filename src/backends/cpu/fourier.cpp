// fft, rfft, irfft: lengths of small prime factors by Stockham's algorithm, others as a convolution of a power of two
// (Bluestein 1970). Numbers are computed in double.
#include <algorithm>
#include <cmath>
#include <memory>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

struct Complex {
  double re = 0, im = 0;
};
Complex operator+(Complex a, Complex b) {
  return {a.re + b.re, a.im + b.im};
}
Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
Complex conjugate(Complex a) {
  return {a.re, -a.im};
}

Complex root_of_unity(int64_t k, int64_t n) {
  double angle = -2 * M_PI * static_cast<double>(k) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

constexpr int64_t kLargestFactor = 31;

std::vector<int64_t> factors_of(int64_t n) {
  std::vector<int64_t> out;
  if (n < 1) return out;
  for (int64_t p : {4, 2})
    for (; n % p == 0; n /= p) out.push_back(p);
  for (int64_t p = 3; p * p <= n; p += 2)
    for (; n % p == 0; n /= p) out.push_back(p);
  if (n > 1) out.push_back(n);
  return out;
}

/// The forward transform of one length.
class Transform {
 public:
  explicit Transform(int64_t n) : n_(n), factors_(factors_of(n)) {
    bool small = std::all_of(factors_.begin(), factors_.end(), [](int64_t p) { return p <= kLargestFactor; });
    if (small) {
      for (int64_t k = 0; k < n; ++k) roots_.push_back(root_of_unity(k, n));
      return;
    }
    int64_t padded = 1;
    while (padded < 2 * n - 1) padded *= 2;
    convolution_ = std::make_unique<Transform>(padded);
    // The chirp exp(-pi i k^2 / n); k^2 mod 2n keeps the angle exact.
    for (int64_t k = 0; k < n; ++k)
      chirp_.push_back(root_of_unity(static_cast<int64_t>(static_cast<__int128>(k) * k % (2 * n)), 2 * n));
    filter_.assign(static_cast<size_t>(padded), {});
    for (int64_t k = 0; k < n; ++k) {
      filter_[static_cast<size_t>(k)] = conjugate(chirp_[static_cast<size_t>(k)]);
      if (k > 0) filter_[static_cast<size_t>(padded - k)] = conjugate(chirp_[static_cast<size_t>(k)]);
    }
    std::vector<Complex> work(static_cast<size_t>(padded));
    convolution_->run(filter_.data(), work.data());
  }

  int64_t size() const { return n_; }
  /// Numbers of working memory that run() takes.
  int64_t work_size() const { return convolution_ ? 2 * convolution_->size() : n_; }

  /// x [n] becomes its transform.
  void run(Complex* x, Complex* work) const {
    if (convolution_) {
      run_convolution(x, work);
    } else {
      run_factors(x, work);
    }
  }

 private:
  void run_factors(Complex* x, Complex* work) const {
    Complex* from = x;
    Complex* to = work;
    int64_t rest = n_;
    int64_t stride = 1;
    for (int64_t radix : factors_) {
      int64_t m = rest / radix;
      int64_t step = n_ / rest;
      for (int64_t p = 0; p < m; ++p) {
        const Complex* in = from + stride * p;
        Complex* out = to + stride * radix * p;
        for (int64_t k = 0; k < radix; ++k) {
          Complex twiddle = roots_[static_cast<size_t>(p * k * step % n_)];
          butterfly(in, out + stride * k, radix, k, stride, m, twiddle);
        }
      }
      std::swap(from, to);
      stride *= radix;
      rest = m;
    }
    if (from != x) std::copy(from, from + n_, x);
  }

  /// out[q] = twiddle * sum over j of in[q + stride m j] w^(jk), for the positions q of one stride.
  void butterfly(const Complex* in, Complex* out, int64_t radix, int64_t k, int64_t stride, int64_t m,
                 Complex twiddle) const {
    for (int64_t j = 0; j < radix; ++j) {
      Complex w = roots_[static_cast<size_t>(j * k % radix * (n_ / radix))] * twiddle;
      const Complex* line = in + stride * m * j;
      if (j == 0) {
        for (int64_t q = 0; q < stride; ++q) out[q] = line[q] * w;
      } else {
        for (int64_t q = 0; q < stride; ++q) out[q] = out[q] + line[q] * w;
      }
    }
  }

  void run_convolution(Complex* x, Complex* work) const {
    int64_t padded = convolution_->size();
    Complex* a = work + padded;
    std::fill(a, a + padded, Complex{});
    for (int64_t k = 0; k < n_; ++k) a[k] = x[k] * chirp_[static_cast<size_t>(k)];
    convolution_->run(a, work);
    // The inverse transform is the forward one between two conjugations.
    for (int64_t k = 0; k < padded; ++k) a[k] = conjugate(a[k] * filter_[static_cast<size_t>(k)]);
    convolution_->run(a, work);
    double scale = 1 / static_cast<double>(padded);
    for (int64_t k = 0; k < n_; ++k) {
      Complex y = conjugate(a[k]) * chirp_[static_cast<size_t>(k)];
      x[k] = {y.re * scale, y.im * scale};
    }
  }

  int64_t n_;
  std::vector<int64_t> factors_;
  std::vector<Complex> roots_;
  std::unique_ptr<Transform> convolution_;
  std::vector<Complex> chirp_;
  std::vector<Complex> filter_;
};

enum class Fourier : uint8_t { complex, from_real, to_real };

double scale_of(const std::string& norm, bool inverse, int64_t n) {
  auto size = static_cast<double>(n);
  if (norm == "ortho") return 1 / std::sqrt(size);
  return (norm == "forward") == inverse ? 1 : 1 / size;
}

struct FourierShape {
  int64_t outer = 1, inner = 1;
  int64_t in = 0, out = 0;  // positions of the axis in the operand and the result
  bool inverse = false;
  double scale = 1;
};

/// One line: read, transformed, written. The inverse is the forward transform of the conjugate, conjugated.
template <typename Real>
void run_line(Fourier kind, const FourierShape& s, const Transform& transform, const Real* x, Real* y, int64_t line,
              Complex* numbers) {
  int64_t n = transform.size();
  int64_t o = line / s.inner;
  int64_t i = line % s.inner;
  double sign = s.inverse ? -1 : 1;
  for (int64_t k = 0; k < s.in; ++k) {
    int64_t at = (o * s.in + k) * s.inner + i;
    numbers[k] = kind == Fourier::from_real
                     ? Complex{static_cast<double>(x[at]), 0}
                     : Complex{static_cast<double>(x[2 * at]), sign * static_cast<double>(x[2 * at + 1])};
  }
  if (kind == Fourier::to_real) {
    numbers[0].im = 0;
    if (n % 2 == 0) numbers[n / 2].im = 0;
    for (int64_t k = s.in; k < n; ++k) numbers[k] = conjugate(numbers[n - k]);
  }
  transform.run(numbers, numbers + n);
  for (int64_t k = 0; k < s.out; ++k) {
    int64_t at = (o * s.out + k) * s.inner + i;
    if (kind == Fourier::to_real) {
      y[at] = static_cast<Real>(numbers[k].re * s.scale);
    } else {
      y[2 * at] = static_cast<Real>(numbers[k].re * s.scale);
      y[2 * at + 1] = static_cast<Real>(sign * numbers[k].im * s.scale);
    }
  }
}

void add_fourier(Entries& entries, const std::string& op, Fourier kind) {
  entries.push_back(
      {op, "mixed_radix", nullptr, [kind](const NodeSite& site, CompileContext&) {
         const Attrs& attrs = site.node.attrs;
         auto axis = static_cast<size_t>(attrs.integer("axis"));
         bool inverse = kind == Fourier::to_real || (kind == Fourier::complex && attrs.boolean("inverse"));
         bool wide = site.in(0).dtype == DType::f64;
         return make_kernel([=, norm = attrs.string("norm")](const ConcreteNode& node) {
           std::span<const int64_t> x = node.inputs[0];
           FourierShape s;
           s.outer = product(x.first(axis));
           s.inner = product(x.subspan(axis + 1)) / (kind == Fourier::from_real ? 1 : 2);
           s.in = x[axis];
           s.out = node.outputs[0][axis];
           s.inverse = inverse;
           int64_t n = kind == Fourier::to_real ? s.out : s.in;
           if (kind != Fourier::complex && (n < 1 || (kind == Fourier::to_real && s.in != n / 2 + 1)))
             fail(ErrorCode::invalid_shape, "a transform of {} to {} real numbers", to_string(node.inputs[0]), n);
           s.scale = scale_of(norm, inverse, n);
           auto transform = std::make_shared<Transform>(n);
           int64_t numbers = n + transform->work_size();
           Prepared out;
           out.scratch_bytes = static_cast<size_t>(numbers * std::max(node.num_threads, 1)) * sizeof(Complex);
           out.run = [kind, s, wide, transform, numbers](Executor& executor, const LaunchArgs& args) {
             if (transform->size() == 0) return;
             executor.parallel_for(s.outer * s.inner, [&](int64_t line, int thread) {
               auto* own = static_cast<Complex*>(args.scratch) + thread * numbers;
               if (wide) {
                 run_line(kind, s, *transform, static_cast<const double*>(args.inputs[0]),
                          static_cast<double*>(args.outputs[0]), line, own);
               } else {
                 run_line(kind, s, *transform, static_cast<const float*>(args.inputs[0]),
                          static_cast<float*>(args.outputs[0]), line, own);
               }
             });
           };
           return out;
         });
       }});
}

}  // namespace

void add_fourier_kernels(Entries& entries) {
  add_fourier(entries, "fft", Fourier::complex);
  add_fourier(entries, "rfft", Fourier::from_real);
  add_fourier(entries, "irfft", Fourier::to_real);
}

}  // namespace accelerate::cpu
