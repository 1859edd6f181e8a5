// Complex numbers, which are pairs of real ones on a last axis of 2, and Fourier transforms.
#include <algorithm>
#include <array>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

TensorItem complex_argument(Call& c, std::string_view name = "self") {
  const TensorItem x = c.any_tensor(name);
  if (x.is_complex) return x;
  const Value real = to_dtype(x.value, DType::f32);
  return {ops::stack({real, ops::sub(real, real)}, -1), true};
}

Item part(Call& c, int64_t which) {
  const TensorItem x = c.any_tensor("self");
  if (!x.is_complex) return which == 0 ? x.value : ops::sub(x.value, x.value);
  return ops::select(x.value, -1, which);
}

Item as_complex(Call& c) {
  return Item::complex(c.tensor("self"));
}

Item as_real(Call& c) {
  const TensorItem x = c.any_tensor("self");
  if (!x.is_complex) fail(ErrorCode::invalid_model, "the pairs of a real tensor are asked for");
  return x.value;
}

/// Axis of a complex tensor, whose last axis is the pair.
std::vector<int64_t> complex_axes(Call& c, const Value& pairs, std::string_view name) {
  const int rank = pairs.rank() - 1;
  return c.axes(name, rank);
}

Item polar(Call& c) {
  std::vector<Value> v = {c.tensor("abs"), c.tensor("angle")};
  align_shapes(v, std::nullopt);
  return Item::complex(ops::stack({ops::mul(v[0], ops::cos(v[1])), ops::mul(v[0], ops::sin(v[1]))}, -1));
}

Item of_parts(Call& c) {
  std::vector<Value> v = {c.tensor("real"), c.tensor("imag")};
  align_shapes(v, std::nullopt);
  const Value zero = ops::full(c.graph(), v[0].dtype(), {}, 0);
  return Item::complex(ops::stack({ops::add(v[0], ops::mul(v[1], zero)), ops::add(v[1], ops::mul(v[0], zero))}, -1));
}

Item magnitude(Call& c) {
  const TensorItem x = c.any_tensor("self");
  if (!x.is_complex) return ops::abs(x.value);
  return ops::hypot(ops::select(x.value, -1, 0), ops::select(x.value, -1, 1));
}

Item angle(Call& c) {
  const TensorItem x = complex_argument(c);
  return ops::atan2(ops::select(x.value, -1, 1), ops::select(x.value, -1, 0));
}

Item exponential(Call& c) {
  const TensorItem x = c.any_tensor("self");
  if (!x.is_complex) return ops::exp(to_float(x.value));
  const Value size = ops::exp(ops::select(x.value, -1, 0));
  const Value turn = ops::select(x.value, -1, 1);
  return Item::complex(ops::stack({ops::mul(size, ops::cos(turn)), ops::mul(size, ops::sin(turn))}, -1));
}

/// x with n positions on an axis: cut, or filled with zeros.
Value resized(Value x, int64_t axis, const Dim& n) {
  const Dim& have = x.dim(static_cast<int>(axis));
  if (have == n) return x;
  const auto more = (n - have).constant();
  if (more && *more < 0) return ops::slice(x, axis, 0, n);
  Shape begin(static_cast<size_t>(x.rank()), Dim(0));
  Shape end = begin;
  if (more) {
    end[static_cast<size_t>(axis)] = *more;
    return ops::pad(x, begin, end);
  }
  end[static_cast<size_t>(axis)] = max(n - have, 0);
  return ops::slice(ops::pad(x, begin, end), axis, 0, n);
}

std::string norm_of(Call& c) {
  return c.string("norm", "backward");
}

/// fft, ifft: one axis.
Item fourier(Call& c, bool inverse) {
  Value x = complex_argument(c).value;
  const int64_t axis = c.axis("dim", x.rank() - 1, -1);
  if (c.given("n")) x = resized(x, axis, c.dim("n"));
  return Item::complex(ops::fft(x, axis, inverse, norm_of(c)));
}

Item real_fourier(Call& c) {
  Value x = to_float(c.tensor("self"));
  const int64_t axis = c.axis("dim", x.rank(), -1);
  if (c.given("n")) x = resized(x, axis, c.dim("n"));
  return Item::complex(ops::rfft(x, axis, norm_of(c)));
}

Item inverse_real_fourier(Call& c) {
  Value x = complex_argument(c).value;
  const int64_t axis = c.axis("dim", x.rank() - 1, -1);
  const Dim n = c.given("n") ? c.dim("n") : (x.dim(static_cast<int>(axis)) - 1) * 2;
  x = resized(x, axis, floordiv(n, 2) + 1);
  return ops::irfft(x, n, axis, norm_of(c));
}

/// fftn, fft2 and their inverses: one axis after another.
Item fourier_n(Call& c, bool inverse, bool last_two) {
  Value x = complex_argument(c).value;
  std::vector<int64_t> axes;
  const int rank = x.rank() - 1;
  if (c.given("dim")) {
    for (const int64_t axis : c.integers("dim")) axes.push_back(front_axis(axis, rank));
  } else if (last_two) {
    axes = {rank - 2, rank - 1};
  } else if (c.given("s")) {
    const auto count = static_cast<int64_t>(c.dims("s").size());
    for (int64_t i = rank - count; i < rank; ++i) axes.push_back(i);
  } else {
    axes = c.axes("dim", rank);
  }
  const auto sizes = c.optional_dims("s");
  for (size_t i = 0; i < axes.size(); ++i) {
    if (sizes && (*sizes).at(i) != Dim(-1)) x = resized(x, axes[i], (*sizes)[i]);
    x = ops::fft(x, axes[i], inverse, norm_of(c));
  }
  return Item::complex(x);
}

/// The norm of a transform as ATen's kernels number it: 0 none, 1 by the root of n, 2 by n; forward as seen here.
std::string kernel_norm(Call& c, bool inverse) {
  switch (c.integer("normalization")) {
    case 0: return inverse ? "forward" : "backward";
    case 1: return "ortho";
    case 2: return inverse ? "backward" : "forward";
    default: fail(ErrorCode::invalid_model, "a transform has the normalization {}", c.integer("normalization"));
  }
}

Item kernel_c2c(Call& c) {
  Value x = complex_argument(c).value;
  const bool inverse = !c.boolean("forward", true);
  const std::string norm = kernel_norm(c, inverse);
  for (const int64_t axis : complex_axes(c, x, "dim")) x = ops::fft(x, axis, inverse, norm);
  return Item::complex(x);
}

Item kernel_r2c(Call& c) {
  const Value x = c.tensor("self");
  std::vector<int64_t> axes;
  for (const int64_t axis : c.integers("dim")) axes.push_back(front_axis(axis, x.rank()));
  if (axes.empty()) fail(ErrorCode::invalid_model, "a transform along no axis");
  const std::string norm = kernel_norm(c, false);
  Value out;
  size_t rest = axes.size();
  if (c.boolean("onesided", true)) {
    out = ops::rfft(x, axes.back(), norm);
    --rest;
  } else {
    out = ops::stack({x, ops::sub(x, x)}, -1);
  }
  for (size_t i = rest; i-- > 0;) out = ops::fft(out, axes[i], false, norm);
  return Item::complex(out);
}

Item kernel_c2r(Call& c) {
  Value x = complex_argument(c).value;
  std::vector<int64_t> axes;
  for (const int64_t axis : c.integers("dim")) axes.push_back(front_axis(axis, x.rank() - 1));
  if (axes.empty()) fail(ErrorCode::invalid_model, "a transform along no axis");
  const std::string norm = kernel_norm(c, true);
  for (size_t i = 0; i + 1 < axes.size(); ++i) x = ops::fft(x, axes[i], true, norm);
  return ops::irfft(x, c.dim("last_dim_size"), axes.back(), norm);
}

/// x with half of each axis moved to the other end.
Item shift(Call& c, bool inverse) {
  const TensorItem item = c.any_tensor("self");
  Value x = item.value;
  for (const int64_t axis : c.axes("dim", x.rank() - (item.is_complex ? 1 : 0))) {
    const Dim n = x.dim(static_cast<int>(axis));
    const Dim by = inverse ? ceildiv(n, 2) : floordiv(n, 2);
    if (const auto number = by.constant()) {
      x = ops::roll(x, {*number}, {axis});
    } else {
      x = ops::concat({ops::slice(x, axis, n - by, n), ops::slice(x, axis, 0, n - by)}, axis);
    }
  }
  return TensorItem{x, item.is_complex};
}

/// Spectrum of overlapping windows: frames, a window on each, their transforms.
Item short_time_fourier(Call& c) {
  Value x = c.tensor("self");
  const int64_t n = c.integer("n_fft");
  const int64_t hop = c.integer("hop_length", n / 4);
  const int64_t length = c.integer("win_length", n);
  Value window = c.given("window") ? c.tensor("window") : ops::full(c.graph(), x.dtype(), {length}, 1);
  if (c.boolean("center", false)) {
    const Dim half = n / 2;
    const bool lone = x.rank() == 1;
    if (lone) x = ops::unsqueeze(x, 0);
    x = ops::pad(x, {0, half}, {0, half}, c.string("pad_mode", "reflect"));
    if (lone) x = ops::squeeze(x, 0);
  }
  if (length < n) {
    const int64_t left = (n - length) / 2;
    window = ops::pad(window, {left}, {n - length - left});
  }
  const Value frames = ops::unfold(x, -1, n, hop);
  const Value weighted = ops::mul(frames, to_dtype(window, x.dtype()));
  const std::string norm = c.boolean("normalized", false) ? "ortho" : "backward";
  Value spectrum;
  if (c.boolean("onesided", true)) {
    spectrum = ops::rfft(weighted, weighted.rank() - 1, norm);
  } else {
    spectrum = ops::fft(ops::stack({weighted, ops::sub(weighted, weighted)}, -1), weighted.rank() - 1, false, norm);
  }
  // [..., frames, frequencies, 2] -> [..., frequencies, frames, 2].
  spectrum = ops::swap_axes(spectrum, -2, -3);
  if (!c.boolean("return_complex", true)) return spectrum;
  return Item::complex(spectrum);
}

constexpr auto kHandled = Mapping::Complex::handled;

constexpr Mapping kMappings[] = {
    {"aten.view_as_complex.default", as_complex},
    {"aten.view_as_complex_copy.default", as_complex},
    {"aten.view_as_real.default", as_real, kHandled},
    {"aten.view_as_real_copy.default", as_real, kHandled},
    {"aten.real.default", [](Call& c) { return part(c, 0); }, kHandled},
    {"aten.imag.default", [](Call& c) { return part(c, 1); }, kHandled},
    {"aten.complex.default", of_parts},
    {"aten.polar.default", polar},
    {"aten.abs.default", magnitude, kHandled},
    {"aten.absolute.default", magnitude, kHandled},
    {"aten.angle.default", angle, kHandled},
    {"aten.exp.default", exponential, kHandled},
    {"aten.fft_fft.default", [](Call& c) { return fourier(c, false); }, kHandled},
    {"aten.fft_ifft.default", [](Call& c) { return fourier(c, true); }, kHandled},
    {"aten.fft_rfft.default", real_fourier},
    {"aten.fft_irfft.default", inverse_real_fourier, kHandled},
    {"aten.fft_fftn.default", [](Call& c) { return fourier_n(c, false, false); }, kHandled},
    {"aten.fft_ifftn.default", [](Call& c) { return fourier_n(c, true, false); }, kHandled},
    {"aten.fft_fft2.default", [](Call& c) { return fourier_n(c, false, true); }, kHandled},
    {"aten.fft_ifft2.default", [](Call& c) { return fourier_n(c, true, true); }, kHandled},
    {"aten._fft_c2c.default", kernel_c2c, kHandled},
    {"aten._fft_r2c.default", kernel_r2c},
    {"aten._fft_c2r.default", kernel_c2r, kHandled},
    {"aten.fft_fftshift.default", [](Call& c) { return shift(c, false); }, kHandled},
    {"aten.fft_ifftshift.default", [](Call& c) { return shift(c, true); }, kHandled},
    {"aten.stft.default", short_time_fourier},
    {"aten.stft.center", short_time_fourier},
};

}  // namespace

std::span<const Mapping> complex_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
