#include "ops/fourier.h"

#include <cmath>

#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

std::vector<AttrSpec> fourier_attrs() {
  return {{"axis", AttrKind::integer, std::nullopt, false, "axis of the transform, counted from the front"},
          {"norm", AttrKind::string, Attr(std::string("backward")), false, "backward, ortho, forward"}};
}

double fourier_scale(std::string_view norm, bool inverse, int64_t n) {
  require_one_of("norm", norm, {"backward", "ortho", "forward"});
  auto size = static_cast<double>(n);
  if (norm == "ortho") return 1 / std::sqrt(size);
  return (norm == "forward") == inverse ? 1 : 1 / size;
}

void require_pairs(const InferContext& c) {
  require_dtype(c, 0, [](DType t) { return t == DType::f32 || t == DType::f64; }, "f32 or f64");
  require_rank(c, 0, 2, 8);
  const TensorType& x = c.operand(0);
  if (x.shape.back() != Dim(2))
    fail(ErrorCode::invalid_shape, "x is {}; expected complex pairs on a last axis of 2", x.to_string());
  if (c.axis("axis", x.rank()) == x.rank() - 1)
    fail(ErrorCode::invalid_argument, "the axis is {}, which holds the pairs; expected one before it", x.rank() - 1);
  fourier_scale(c.attrs.string("norm"), false, 1);
}

std::vector<std::complex<double>> fourier_sums(const std::vector<std::complex<double>>& x, bool inverse, double scale,
                                               int64_t count) {
  auto n = static_cast<int64_t>(x.size());
  std::vector<std::complex<double>> roots;
  for (int64_t k = 0; k < n; ++k) {
    double angle = (inverse ? 2 : -2) * M_PI * static_cast<double>(k) / static_cast<double>(n);
    roots.emplace_back(std::cos(angle), std::sin(angle));
  }
  std::vector<std::complex<double>> out;
  for (int64_t j = 0; j < count; ++j) {
    std::complex<double> sum = 0;
    for (int64_t k = 0; k < n; ++k) sum += x[static_cast<size_t>(k)] * roots[static_cast<size_t>(j * k % n)];
    out.push_back(sum * scale);
  }
  return out;
}

FourierLines fourier_lines(const std::vector<int64_t>& shape, int64_t axis, bool pairs) {
  FourierLines out;
  auto at = static_cast<size_t>(axis);
  for (size_t i = 0; i < at; ++i) out.outer *= shape[i];
  out.n = shape[at];
  for (size_t i = at + 1; i < shape.size() - (pairs ? 1 : 0); ++i) out.inner *= shape[i];
  return out;
}

std::vector<std::complex<double>> fourier_line(const Tensor& x, bool pairs, const FourierLines& lines, int64_t outer,
                                               int64_t inner) {
  std::vector<std::complex<double>> out;
  for (int64_t k = 0; k < lines.n; ++k) {
    int64_t at = (outer * lines.n + k) * lines.inner + inner;
    out.emplace_back(x.get(pairs ? 2 * at : at), pairs ? x.get(2 * at + 1) : 0.0);
  }
  return out;
}

}  // namespace accelerate::ops
