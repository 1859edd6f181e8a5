#pragma once
// What the Fourier transforms share. Complex numbers are pairs (real, imaginary) on a last axis of 2.
#include <complex>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate::ops {

// Attributes axis and norm: "backward" (1/n on the inverse), "ortho" (1/sqrt(n) on both), "forward" (1/n on the other).
std::vector<AttrSpec> fourier_attrs();
// Factor on a transform of n positions. Errors: invalid_argument for another norm.
double fourier_scale(std::string_view norm, bool inverse, int64_t n);
// Errors: invalid_dtype, invalid_shape unless operand 0 is real pairs of a float type with the axis beside the last;
// invalid_argument for a norm that does not exist.
void require_pairs(const InferContext& c);
// The sum over k of x[k] exp(-+ 2 pi i jk/n) * scale for j below `count`, term by term.
std::vector<std::complex<double>> fourier_sums(const std::vector<std::complex<double>>& x, bool inverse, double scale,
                                               int64_t count);
// Numbers (real, or pairs) as [outer, n, inner] around an axis.
struct FourierLines {
  int64_t outer = 1, n = 0, inner = 1;
};
FourierLines fourier_lines(const std::vector<int64_t>& shape, int64_t axis, bool pairs);
// One line of x.
std::vector<std::complex<double>> fourier_line(const Tensor& x, bool pairs, const FourierLines& lines, int64_t outer,
                                               int64_t inner);

}  // namespace accelerate::ops
