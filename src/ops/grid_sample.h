#pragma once
// Positions and weights of grid_sample along one axis; shared by the reference and the kernels.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "graph/attr.h"

namespace accelerate::ops {

struct GridSampling {
  enum class Mode : uint8_t { linear, nearest, bicubic };
  enum class Padding : uint8_t { zeros, border, reflection };
  Mode mode = Mode::linear;
  Padding padding = Padding::zeros;
  bool align_corners = false;
};
// Reads and checks the attributes of grid_sample. Errors: invalid_argument.
GridSampling grid_sampling(const Attrs& attrs);

// Up to four positions of an axis with their weights; a position of -1 reads 0.
template <typename Real>
struct GridTaps {
  int count = 0;
  int64_t position[4];
  Real weight[4];
};

// x mirrored at low/2 and high/2.
template <typename Real>
Real reflect_coordinate(Real x, Real twice_low, Real twice_high) {
  if (twice_low == twice_high) return 0;
  Real low = twice_low / 2;
  Real span = (twice_high - twice_low) / 2;
  x = std::fabs(x - low);
  Real extra = std::fmod(x, span);
  bool even = std::fmod(std::floor(x / span), Real(2)) == 0;
  return even ? extra + low : span - extra + low;
}

// The coordinate moved inside an axis of n as the padding says; zeros leaves it.
template <typename Real>
Real padded_coordinate(const GridSampling& s, Real x, int64_t n) {
  if (s.padding == GridSampling::Padding::zeros) return x;
  if (s.padding == GridSampling::Padding::reflection)
    x = s.align_corners ? reflect_coordinate<Real>(x, 0, static_cast<Real>(2 * (n - 1)))
                        : reflect_coordinate<Real>(x, -1, static_cast<Real>(2 * n - 1));
  return std::min(static_cast<Real>(n - 1), std::max(x, Real(0)));
}

template <typename Real>
int64_t position_inside(Real x, int64_t n) {
  return x >= 0 && x < static_cast<Real>(n) ? static_cast<int64_t>(x) : -1;
}

// What grid coordinate g reads from an axis of n.
template <typename Real>
GridTaps<Real> grid_axis_taps(const GridSampling& s, Real g, int64_t n) {
  Real size = static_cast<Real>(n);
  Real x = s.align_corners ? (g + 1) * ((size - 1) / 2) : (g + 1) * (size / 2) - Real(0.5);
  GridTaps<Real> out;
  if (s.mode == GridSampling::Mode::bicubic) {
    Real base = std::floor(x);
    Real t = x - base;
    constexpr Real a = Real(-0.75);
    auto near = [](Real d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    auto far = [](Real d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    out.count = 4;
    out.weight[0] = far(t + 1);
    out.weight[1] = near(t);
    out.weight[2] = near(1 - t);
    out.weight[3] = far(2 - t);
    for (int k = 0; k < 4; ++k)
      out.position[k] = position_inside(padded_coordinate(s, base + static_cast<Real>(k - 1), n), n);
    return out;
  }
  x = padded_coordinate(s, x, n);
  if (s.mode == GridSampling::Mode::nearest) {
    out.count = 1;
    out.weight[0] = 1;
    out.position[0] = position_inside(std::nearbyint(x), n);
    return out;
  }
  Real base = std::floor(x);
  out.count = 2;
  out.weight[1] = x - base;
  out.weight[0] = 1 - out.weight[1];
  out.position[0] = position_inside(base, n);
  out.position[1] = position_inside(base + 1, n);
  return out;
}

}  // namespace accelerate::ops
