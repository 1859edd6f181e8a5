#pragma once
#include <cstdint>
#include <memory>
#include <vector>

namespace accelerate::cpu {

/// Are all prime factors of n small enough for passes of their own.
bool has_small_factors(int64_t n);

/// The discrete Fourier transform of length n, y[j] = sum over k of x[k] exp(-2 pi i jk / n), of kLanes lines at once:
/// number k of line l is re[k * kLanes + l], im[k * kLanes + l]. Lengths of small prime factors go through Stockham's
/// passes, others through a convolution of a power of two (Bluestein 1970). Immutable: shared by threads.
template <typename Real>
class Transform {
 public:
  static constexpr int64_t kLanes = 8;

  explicit Transform(int64_t n);
  int64_t size() const { return n_; }
  /// Elements of working memory that run() takes.
  int64_t work_size() const;
  /// In place.
  void run(Real* re, Real* im, Real* work) const;

 private:
  void run_passes(Real* re, Real* im, Real* work) const;
  void run_convolution(Real* re, Real* im, Real* work) const;

  int64_t n_;
  std::vector<int64_t> factors_;
  std::vector<Real> root_re_;  // exp(-2 pi i k / n)
  std::vector<Real> root_im_;
  // Of the convolution; the chirp is exp(-pi i k^2 / n), the filter the transform of its conjugate.
  std::unique_ptr<Transform> convolution_;
  std::vector<Real> chirp_re_, chirp_im_;
  std::vector<Real> filter_re_, filter_im_;
};

extern template class Transform<float>;
extern template class Transform<double>;

}  // namespace accelerate::cpu
