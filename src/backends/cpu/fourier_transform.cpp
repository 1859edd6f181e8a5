#include "backends/cpu/fourier_transform.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace accelerate::cpu {
namespace {

constexpr int64_t kLargestFactor = 31;

std::vector<int64_t> factors_of(int64_t n) {
  std::vector<int64_t> out;
  if (n < 1) return out;
  for (int64_t p : {4, 2, 3, 5})
    for (; n % p == 0; n /= p) out.push_back(p);
  for (int64_t p = 7; p * p <= n; p += 2)
    for (; n % p == 0; n /= p) out.push_back(p);
  if (n > 1) out.push_back(n);
  return out;
}

/// exp(-2 pi i k / n)
std::pair<double, double> root_of_unity(int64_t k, int64_t n) {
  double angle = -2 * M_PI * static_cast<double>(k) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

/// One pass of Stockham's algorithm: numbers x [radix][m][stride] become y [m][radix][stride], where the sums of
/// `radix` numbers are turned by roots.
template <typename Real>
struct Pass {
  static constexpr int64_t kLanes = Transform<Real>::kLanes;
  const Real* re;
  const Real* im;
  Real* out_re;
  Real* out_im;
  int64_t m, stride;
  const Real* root_re;
  const Real* root_im;
  int64_t n, step;  // of the roots: exp(-2 pi i p k step / n)

  Real twiddle_re(int64_t p, int64_t k) const { return root_re[p * k * step % n]; }
  Real twiddle_im(int64_t p, int64_t k) const { return root_im[p * k * step % n]; }
};

template <typename Real>
void pass2(const Pass<Real>& a) {
  constexpr int64_t L = Pass<Real>::kLanes;
  int64_t far = a.m * a.stride * L;
  for (int64_t p = 0; p < a.m; ++p) {
    Real wr = a.twiddle_re(p, 1);
    Real wi = a.twiddle_im(p, 1);
    const Real* xr = a.re + p * a.stride * L;
    const Real* xi = a.im + p * a.stride * L;
    Real* yr = a.out_re + 2 * p * a.stride * L;
    Real* yi = a.out_im + 2 * p * a.stride * L;
    int64_t next = a.stride * L;
    for (int64_t q = 0; q < a.stride * L; q += L) {
      for (int64_t l = q; l < q + L; ++l) {
        Real dr = xr[l] - xr[far + l];
        Real di = xi[l] - xi[far + l];
        yr[l] = xr[l] + xr[far + l];
        yi[l] = xi[l] + xi[far + l];
        yr[next + l] = dr * wr - di * wi;
        yi[next + l] = dr * wi + di * wr;
      }
    }
  }
}

template <typename Real>
void pass4(const Pass<Real>& a) {
  constexpr int64_t L = Pass<Real>::kLanes;
  int64_t far = a.m * a.stride * L;
  int64_t next = a.stride * L;
  for (int64_t p = 0; p < a.m; ++p) {
    const Real w1r = a.twiddle_re(p, 1), w1i = a.twiddle_im(p, 1);
    const Real w2r = a.twiddle_re(p, 2), w2i = a.twiddle_im(p, 2);
    const Real w3r = a.twiddle_re(p, 3), w3i = a.twiddle_im(p, 3);
    const Real* xr = a.re + p * next;
    const Real* xi = a.im + p * next;
    Real* yr = a.out_re + 4 * p * next;
    Real* yi = a.out_im + 4 * p * next;
    for (int64_t q = 0; q < next; q += L) {
      for (int64_t l = q; l < q + L; ++l) {
        Real s02r = xr[l] + xr[2 * far + l], s02i = xi[l] + xi[2 * far + l];
        Real d02r = xr[l] - xr[2 * far + l], d02i = xi[l] - xi[2 * far + l];
        Real s13r = xr[far + l] + xr[3 * far + l], s13i = xi[far + l] + xi[3 * far + l];
        Real d13r = xr[far + l] - xr[3 * far + l], d13i = xi[far + l] - xi[3 * far + l];
        Real ar = d02r + d13i, ai = d02i - d13r;
        Real br = s02r - s13r, bi = s02i - s13i;
        Real cr = d02r - d13i, ci = d02i + d13r;
        yr[l] = s02r + s13r;
        yi[l] = s02i + s13i;
        yr[next + l] = ar * w1r - ai * w1i;
        yi[next + l] = ar * w1i + ai * w1r;
        yr[2 * next + l] = br * w2r - bi * w2i;
        yi[2 * next + l] = br * w2i + bi * w2r;
        yr[3 * next + l] = cr * w3r - ci * w3i;
        yi[3 * next + l] = cr * w3i + ci * w3r;
      }
    }
  }
}

/// Any odd radix: numbers j and radix - j share their products, by their sums and differences.
template <typename Real>
void pass_odd(const Pass<Real>& a, int64_t radix) {
  constexpr int64_t L = Pass<Real>::kLanes;
  constexpr int64_t kHalf = kLargestFactor / 2 + 1;
  int64_t half = radix / 2;
  int64_t far = a.m * a.stride * L;
  int64_t next = a.stride * L;
  int64_t apart = a.n / radix;
  for (int64_t p = 0; p < a.m; ++p) {
    for (int64_t q = 0; q < next; q += L) {
      const Real* xr = a.re + p * next + q;
      const Real* xi = a.im + p * next + q;
      Real* yr = a.out_re + radix * p * next + q;
      Real* yi = a.out_im + radix * p * next + q;
      Real sr[kHalf][L], si[kHalf][L], dr[kHalf][L], di[kHalf][L];
      Real total_r[L], total_i[L];
      for (int64_t l = 0; l < L; ++l) {
        total_r[l] = xr[l];
        total_i[l] = xi[l];
      }
      for (int64_t j = 1; j <= half; ++j) {
        for (int64_t l = 0; l < L; ++l) {
          sr[j][l] = xr[j * far + l] + xr[(radix - j) * far + l];
          si[j][l] = xi[j * far + l] + xi[(radix - j) * far + l];
          dr[j][l] = xr[j * far + l] - xr[(radix - j) * far + l];
          di[j][l] = xi[j * far + l] - xi[(radix - j) * far + l];
          total_r[l] += sr[j][l];
          total_i[l] += si[j][l];
        }
      }
      for (int64_t l = 0; l < L; ++l) {
        yr[l] = total_r[l];
        yi[l] = total_i[l];
      }
      for (int64_t k = 1; k <= half; ++k) {
        // Even part (cosines) and odd part (sines) of the sum.
        Real er[L], ei[L], odd_r[L] = {}, odd_i[L] = {};
        for (int64_t l = 0; l < L; ++l) {
          er[l] = xr[l];
          ei[l] = xi[l];
        }
        for (int64_t j = 1; j <= half; ++j) {
          int64_t root = j * k % radix * apart;
          Real c = a.root_re[root];
          Real s = a.root_im[root];
          for (int64_t l = 0; l < L; ++l) {
            er[l] += sr[j][l] * c;
            ei[l] += si[j][l] * c;
            odd_r[l] -= di[j][l] * s;
            odd_i[l] += dr[j][l] * s;
          }
        }
        const Real wr = a.twiddle_re(p, k), wi = a.twiddle_im(p, k);
        const Real vr = a.twiddle_re(p, radix - k), vi = a.twiddle_im(p, radix - k);
        for (int64_t l = 0; l < L; ++l) {
          Real ar = er[l] + odd_r[l], ai = ei[l] + odd_i[l];
          Real br = er[l] - odd_r[l], bi = ei[l] - odd_i[l];
          yr[k * next + l] = ar * wr - ai * wi;
          yi[k * next + l] = ar * wi + ai * wr;
          yr[(radix - k) * next + l] = br * vr - bi * vi;
          yi[(radix - k) * next + l] = br * vi + bi * vr;
        }
      }
    }
  }
}

}  // namespace

bool has_small_factors(int64_t n) {
  auto factors = factors_of(n);
  return std::all_of(factors.begin(), factors.end(), [](int64_t p) { return p <= kLargestFactor; });
}

template <typename Real>
Transform<Real>::Transform(int64_t n) : n_(n), factors_(factors_of(n)) {
  if (has_small_factors(n)) {
    for (int64_t k = 0; k < n; ++k) {
      auto [re, im] = root_of_unity(k, n);
      root_re_.push_back(static_cast<Real>(re));
      root_im_.push_back(static_cast<Real>(im));
    }
    return;
  }
  int64_t padded = 1;
  while (padded < 2 * n - 1) padded *= 2;
  convolution_ = std::make_unique<Transform>(padded);
  // Lane 0 of a group of lines holds the filter while it is transformed.
  std::vector<Real> re(static_cast<size_t>(padded * kLanes), 0);
  std::vector<Real> im = re;
  std::vector<Real> work(static_cast<size_t>(convolution_->work_size()));
  for (int64_t k = 0; k < n; ++k) {
    // k^2 modulo 2n: the angle stays small, and exact.
    auto square = static_cast<int64_t>(static_cast<__int128>(k) * k % (2 * n));
    auto [c, s] = root_of_unity(square, 2 * n);
    chirp_re_.push_back(static_cast<Real>(c));
    chirp_im_.push_back(static_cast<Real>(s));
    for (int64_t at : {k, k == 0 ? int64_t{0} : padded - k}) {
      re[static_cast<size_t>(at * kLanes)] = static_cast<Real>(c);
      im[static_cast<size_t>(at * kLanes)] = static_cast<Real>(-s);
    }
  }
  convolution_->run(re.data(), im.data(), work.data());
  for (int64_t k = 0; k < padded; ++k) {
    filter_re_.push_back(re[static_cast<size_t>(k * kLanes)] / static_cast<Real>(padded));
    filter_im_.push_back(im[static_cast<size_t>(k * kLanes)] / static_cast<Real>(padded));
  }
}

template <typename Real>
int64_t Transform<Real>::work_size() const {
  // A second copy of the numbers; a convolution has its own numbers beside that.
  return convolution_ ? 2 * convolution_->n_ * kLanes + convolution_->work_size() : 2 * n_ * kLanes;
}

template <typename Real>
void Transform<Real>::run(Real* re, Real* im, Real* work) const {
  if (convolution_) {
    run_convolution(re, im, work);
  } else {
    run_passes(re, im, work);
  }
}

template <typename Real>
void Transform<Real>::run_passes(Real* re, Real* im, Real* work) const {
  Pass<Real> pass{re, im, work, work + n_ * kLanes, n_, 1, root_re_.data(), root_im_.data(), n_, 1};
  for (int64_t radix : factors_) {
    pass.m /= radix;
    if (radix == 4) {
      pass4(pass);
    } else if (radix == 2) {
      pass2(pass);
    } else {
      pass_odd(pass, radix);
    }
    auto* done_re = pass.out_re;
    auto* done_im = pass.out_im;
    pass.out_re = const_cast<Real*>(pass.re);
    pass.out_im = const_cast<Real*>(pass.im);
    pass.re = done_re;
    pass.im = done_im;
    pass.stride *= radix;
    pass.step *= radix;
  }
  if (pass.re != re) {
    std::copy(pass.re, pass.re + n_ * kLanes, re);
    std::copy(pass.im, pass.im + n_ * kLanes, im);
  }
}

template <typename Real>
void Transform<Real>::run_convolution(Real* re, Real* im, Real* work) const {
  int64_t padded = convolution_->n_;
  Real* a_re = work;
  Real* a_im = a_re + padded * kLanes;
  Real* rest = a_im + padded * kLanes;
  std::fill(a_re, rest, Real(0));
  auto turn = [](Real x_re, Real x_im, Real w_re, Real w_im, Real& y_re, Real& y_im) {
    y_re = x_re * w_re - x_im * w_im;
    y_im = x_re * w_im + x_im * w_re;
  };
  for (int64_t k = 0; k < n_; ++k) {
    auto w = static_cast<size_t>(k);
    for (int64_t l = k * kLanes; l < (k + 1) * kLanes; ++l)
      turn(re[l], im[l], chirp_re_[w], chirp_im_[w], a_re[l], a_im[l]);
  }
  convolution_->run(a_re, a_im, rest);
  // The inverse transform is the forward one between two conjugations.
  for (int64_t k = 0; k < padded; ++k) {
    auto w = static_cast<size_t>(k);
    for (int64_t l = k * kLanes; l < (k + 1) * kLanes; ++l) {
      turn(a_re[l], a_im[l], filter_re_[w], filter_im_[w], a_re[l], a_im[l]);
      a_im[l] = -a_im[l];
    }
  }
  convolution_->run(a_re, a_im, rest);
  for (int64_t k = 0; k < n_; ++k) {
    auto w = static_cast<size_t>(k);
    for (int64_t l = k * kLanes; l < (k + 1) * kLanes; ++l)
      turn(a_re[l], -a_im[l], chirp_re_[w], chirp_im_[w], re[l], im[l]);
  }
}

template class Transform<float>;
template class Transform<double>;

}  // namespace accelerate::cpu
