#include "preprocess/audio/fourier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr int64_t kMaxRadix = 31;
constexpr int64_t kMaxLength = int64_t{1} << 24;

Complex operator+(Complex a, Complex b) {
  return {a.re + b.re, a.im + b.im};
}
Complex operator-(Complex a, Complex b) {
  return {a.re - b.re, a.im - b.im};
}
Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

Complex root(int64_t k, int64_t n) {
  const double angle = -2.0 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

int64_t checked_length(int64_t n) {
  if (n < 1 || n > kMaxLength) {
    fail(ErrorCode::invalid_argument, "a Fourier transform of length {}; expected 1 to {}", n, kMaxLength);
  }
  return n;
}

/// Radices in the order of use; the last one may be larger than kMaxRadix.
std::vector<int64_t> factorize(int64_t n) {
  std::vector<int64_t> factors;
  for (const int64_t radix : {4, 2, 3, 5}) {
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  }
  for (int64_t radix = 7; radix * radix <= n; radix += 2) {
    for (; n % radix == 0; n /= radix) factors.push_back(radix);
  }
  if (n > 1) factors.push_back(n);
  return factors;
}

}  // namespace

ComplexFourier::ComplexFourier(int64_t n) : n_(checked_length(n)), factors_(factorize(n)) {
  const bool smooth = std::all_of(factors_.begin(), factors_.end(), [](int64_t radix) { return radix <= kMaxRadix; });
  if (smooth) {
    twiddles_.resize(static_cast<size_t>(n));
    for (int64_t k = 0; k < n; ++k) twiddles_[k] = root(k, n);
    return;
  }
  int64_t length = 1;
  while (length < 2 * n - 1) length *= 2;
  const ComplexFourier& convolution = convolution_.emplace_back(length);
  chirp_.resize(static_cast<size_t>(n));
  // k^2 modulo 2n keeps the angle exact.
  for (int64_t k = 0; k < n; ++k) chirp_[k] = root(k * k % (2 * n), 2 * n);
  std::vector<Complex> kernel(static_cast<size_t>(length));
  for (int64_t k = 0; k < n; ++k) {
    const Complex conjugate = {chirp_[k].re, -chirp_[k].im};
    kernel[k] = conjugate;
    if (k > 0) kernel[length - k] = conjugate;
  }
  filter_.resize(static_cast<size_t>(length));
  Scratch unused;
  convolution.transform(kernel.data(), filter_.data(), unused);
}

void ComplexFourier::combine(Complex* out, int64_t stride, int64_t radix, int64_t m) const {
  std::array<Complex, kMaxRadix> part;
  for (int64_t k = 0; k < m; ++k) {
    part[0] = out[k];
    for (int64_t q = 1; q < radix; ++q) part[q] = out[q * m + k] * twiddles_[q * k * stride];
    if (radix == 2) {
      out[k] = part[0] + part[1];
      out[m + k] = part[0] - part[1];
    } else if (radix == 4) {
      const Complex even = part[0] + part[2];
      const Complex odd = part[0] - part[2];
      const Complex sum = part[1] + part[3];
      const Complex difference = part[1] - part[3];
      const Complex turned = {difference.im, -difference.re};
      out[k] = even + sum;
      out[m + k] = odd + turned;
      out[2 * m + k] = even - sum;
      out[3 * m + k] = odd - turned;
    } else {
      const int64_t step = n_ / radix;
      for (int64_t r = 0; r < radix; ++r) {
        Complex sum = part[0];
        for (int64_t q = 1; q < radix; ++q) sum = sum + part[q] * twiddles_[q * r % radix * step];
        out[r * m + k] = sum;
      }
    }
  }
}

void ComplexFourier::recurse(const Complex* in, Complex* out, int64_t stride, size_t factor, int64_t n) const {
  if (n == 1) {
    out[0] = in[0];
    return;
  }
  const int64_t radix = factors_[factor];
  const int64_t m = n / radix;
  for (int64_t q = 0; q < radix; ++q) recurse(in + q * stride, out + q * m, stride * radix, factor + 1, m);
  combine(out, stride, radix, m);
}

void ComplexFourier::chirp(const Complex* in, Complex* out, Scratch& scratch) const {
  const ComplexFourier& convolution = convolution_.front();
  const int64_t length = convolution.size();
  scratch.assign(static_cast<size_t>(2 * length), {});
  Complex* signal = scratch.data();
  Complex* spectrum = signal + length;
  for (int64_t k = 0; k < n_; ++k) signal[k] = in[k] * chirp_[k];
  Scratch unused;
  convolution.transform(signal, spectrum, unused);
  // The inverse transform is the forward one of the conjugates.
  for (int64_t k = 0; k < length; ++k) {
    const Complex product = spectrum[k] * filter_[k];
    signal[k] = {product.re, -product.im};
  }
  convolution.transform(signal, spectrum, unused);
  const double scale = 1.0 / static_cast<double>(length);
  for (int64_t k = 0; k < n_; ++k) {
    out[k] = Complex{spectrum[k].re * scale, -spectrum[k].im * scale} * chirp_[k];
  }
}

void ComplexFourier::transform(const Complex* in, Complex* out, Scratch& scratch) const {
  if (convolution_.empty()) {
    recurse(in, out, 1, 0, n_);
  } else {
    chirp(in, out, scratch);
  }
}

RealFourier::RealFourier(int64_t n) : n_(checked_length(n)), half_(n % 2 == 0 ? n / 2 : n) {
  if (n % 2 != 0) return;
  twiddles_.resize(static_cast<size_t>(n / 2 + 1));
  for (int64_t k = 0; k <= n / 2; ++k) twiddles_[k] = root(k, n);
}

void RealFourier::transform(std::span<const double> in, std::span<Complex> out, Scratch& scratch) const {
  const int64_t m = half_.size();
  if (static_cast<int64_t>(in.size()) != n_ || static_cast<int64_t>(out.size()) != num_bins()) {
    fail(ErrorCode::internal, "a Fourier transform of {} values with {} in and {} out", n_, in.size(), out.size());
  }
  std::vector<Complex>& buffer = scratch;
  // Bluestein takes the front of its scratch, so it gets another one.
  buffer.resize(static_cast<size_t>(2 * m));
  Complex* packed = buffer.data();
  Complex* spectrum = packed + m;
  Scratch inner;
  if (n_ % 2 != 0) {
    for (int64_t i = 0; i < m; ++i) packed[i] = {in[i], 0.0};
    half_.transform(packed, spectrum, inner);
    std::copy_n(spectrum, num_bins(), out.begin());
    return;
  }
  for (int64_t i = 0; i < m; ++i) packed[i] = {in[2 * i], in[2 * i + 1]};
  half_.transform(packed, spectrum, inner);
  for (int64_t k = 0; k <= m; ++k) {
    const Complex a = spectrum[k % m];
    const Complex mirrored = spectrum[(m - k) % m];
    const Complex b = {mirrored.re, -mirrored.im};
    const Complex even = {0.5 * (a.re + b.re), 0.5 * (a.im + b.im)};
    const Complex difference = {0.5 * (a.re - b.re), 0.5 * (a.im - b.im)};
    const Complex odd = {difference.im, -difference.re};
    out[k] = even + odd * twiddles_[k];
  }
}

}  // namespace accelerate
