#pragma once
#include "tensor/dim.h"

namespace accelerate::import::pt2 {

/// A quotient of dims: what symbolic integers and numbers are, as far as they can be computed with. A boolean is 0
/// or 1.
struct Ratio {
  Dim numerator = 0;
  Dim denominator = 1;

  Ratio() = default;
  Ratio(Dim value) : numerator(std::move(value)) {}  // NOLINT(google-explicit-constructor): a dim is a quotient
  Ratio(Dim n, Dim d) : numerator(std::move(n)), denominator(std::move(d)) {}
  bool is_whole() const { return denominator == Dim(1); }
};

/// number as a quotient with a power of two below; nothing if it is not finite or needs more than 40 bits.
std::optional<Ratio> ratio_of(double number);
/// The same fraction with common factors of constants cancelled, and whole where the division is exact.
Ratio simplify(Ratio r);
Ratio operator+(const Ratio& a, const Ratio& b);
Ratio operator-(const Ratio& a, const Ratio& b);
Ratio operator*(const Ratio& a, const Ratio& b);
/// Errors: invalid_shape for a division by zero.
Ratio operator/(const Ratio& a, const Ratio& b);
Dim floor(const Ratio& r);
Dim ceil(const Ratio& r);
/// Denominators are taken as positive.
Ratio max(const Ratio& a, const Ratio& b);
Ratio min(const Ratio& a, const Ratio& b);
/// 1 where a > b (a >= b, a == b), else 0, as a dim.
Dim greater(const Ratio& a, const Ratio& b);
Dim greater_equal(const Ratio& a, const Ratio& b);
Dim equal(const Ratio& a, const Ratio& b);
/// condition (0 or 1) ? a : b.
Ratio choose(const Dim& condition, const Ratio& a, const Ratio& b);
/// base to a whole, constant exponent of 0 to 16. Errors: invalid_shape.
Ratio power(const Ratio& base, int64_t exponent);

}  // namespace accelerate::import::pt2
