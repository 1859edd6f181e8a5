#include "import/pt2/ratio.h"

#include <cmath>
#include <numeric>

#include "base/error.h"

namespace accelerate::import::pt2 {

std::optional<Ratio> ratio_of(double number) {
  if (!std::isfinite(number) || std::abs(number) > 0x1p52) return std::nullopt;
  int64_t denominator = 1;
  while (number != std::trunc(number)) {
    number *= 2;
    denominator *= 2;
    if (denominator > (int64_t{1} << 40) || std::abs(number) > 0x1p52) return std::nullopt;
  }
  return Ratio(static_cast<int64_t>(number), denominator);
}

Ratio simplify(Ratio r) {
  if (r.is_whole()) return r;
  const auto below = r.denominator.constant();
  if (below && *below == 0)
    fail(ErrorCode::invalid_shape, "a symbolic number divides {} by zero", r.numerator.to_string());
  if (const auto above = r.numerator.constant(); above && below) {
    const int64_t common = std::gcd(*above, *below);
    const int64_t sign = *below < 0 ? -1 : 1;
    if (common != 0) return {Dim(sign * (*above / common)), Dim(sign * (*below / common))};
  }
  // floordiv keeps the terms that it cannot divide in an atom: the division is exact where multiplying gives all back.
  const Dim quotient = floordiv(r.numerator, r.denominator);
  if (quotient * r.denominator == r.numerator) return quotient;
  return r;
}

Ratio operator+(const Ratio& a, const Ratio& b) {
  if (a.denominator == b.denominator) return simplify({a.numerator + b.numerator, a.denominator});
  return simplify({a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator});
}

Ratio operator-(const Ratio& a, const Ratio& b) {
  return a + Ratio(Dim(-1)) * b;
}

Ratio operator*(const Ratio& a, const Ratio& b) {
  return simplify({a.numerator * b.numerator, a.denominator * b.denominator});
}

Ratio operator/(const Ratio& a, const Ratio& b) {
  return simplify({a.numerator * b.denominator, a.denominator * b.numerator});
}

Dim floor(const Ratio& r) {
  return floordiv(r.numerator, r.denominator);
}

Dim ceil(const Ratio& r) {
  return r.is_whole() ? r.numerator : ceildiv(r.numerator, r.denominator);
}

Ratio max(const Ratio& a, const Ratio& b) {
  return simplify({max(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator});
}

Ratio min(const Ratio& a, const Ratio& b) {
  return simplify({min(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator});
}

Dim greater(const Ratio& a, const Ratio& b) {
  return max(min(a.numerator * b.denominator - b.numerator * a.denominator, 1), 0);
}

Dim greater_equal(const Ratio& a, const Ratio& b) {
  return Dim(1) - greater(b, a);
}

Dim equal(const Ratio& a, const Ratio& b) {
  const Dim gap = a.numerator * b.denominator - b.numerator * a.denominator;
  return Dim(1) - min(max(gap, Dim(-1) * gap), 1);
}

Ratio choose(const Dim& condition, const Ratio& a, const Ratio& b) {
  if (const auto known = condition.constant()) return *known != 0 ? a : b;
  return Ratio(condition) * a + Ratio(Dim(1) - condition) * b;
}

Ratio power(const Ratio& base, int64_t exponent) {
  if (exponent < 0 || exponent > 16)
    fail(ErrorCode::invalid_shape, "a symbolic number to the power {}; expected 0 to 16", exponent);
  Ratio out(Dim(1));
  for (int64_t i = 0; i < exponent; ++i) out = out * base;
  return out;
}

}  // namespace accelerate::import::pt2
