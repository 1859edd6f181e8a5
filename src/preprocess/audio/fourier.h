#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace accelerate {

struct Complex {
  double re = 0;
  double im = 0;
};

/// The discrete Fourier transform of any length n in O(n log n), in double: mixed radix, and Bluestein's chirp
/// transform where n has a large prime factor. Immutable after construction; threads share it, each with its own
/// Scratch. Source: Cooley & Tukey 1965; Bluestein 1970.
class ComplexFourier {
 public:
  using Scratch = std::vector<Complex>;

  /// Errors: invalid_argument if n is outside [1, 2^24].
  explicit ComplexFourier(int64_t n);

  int64_t size() const { return n_; }

  /// out[k] = sum over j of in[j] * exp(-2 pi i j k / n). in [n], out [n], not overlapping. Writes scratch.
  void transform(const Complex* in, Complex* out, Scratch& scratch) const;

 private:
  void recurse(const Complex* in, Complex* out, int64_t stride, size_t factor, int64_t n) const;
  void combine(Complex* out, int64_t stride, int64_t radix, int64_t m) const;
  void chirp(const Complex* in, Complex* out, Scratch& scratch) const;

  int64_t n_;
  std::vector<int64_t> factors_;
  std::vector<Complex> twiddles_;  // [n]
  // Bluestein: the convolution's transform, the chirp and the chirp filter's spectrum.
  std::vector<ComplexFourier> convolution_;
  std::vector<Complex> chirp_;
  std::vector<Complex> filter_;
};

/// The first n / 2 + 1 values of the transform of n real numbers.
class RealFourier {
 public:
  using Scratch = std::vector<Complex>;

  /// Errors: invalid_argument if n is outside [1, 2^24].
  explicit RealFourier(int64_t n);

  int64_t size() const { return n_; }
  int64_t num_bins() const { return n_ / 2 + 1; }

  /// in [n] -> out [num_bins()]. Writes scratch.
  void transform(std::span<const double> in, std::span<Complex> out, Scratch& scratch) const;

 private:
  int64_t n_;
  ComplexFourier half_;            // of n / 2 for even n, else of n
  std::vector<Complex> twiddles_;  // [n / 2 + 1] for even n
};

}  // namespace accelerate
