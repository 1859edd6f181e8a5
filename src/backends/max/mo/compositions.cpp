// Elementwise ops that are a few of MAX's.
#include <cmath>
#include <limits>

#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

/// The least and the greatest value of an integer type, as integers (u64 is cut to what an int64_t holds).
std::pair<int64_t, int64_t> integer_range(DType dtype) {
  int bits = static_cast<int>(8 * size_of(dtype));
  if (is_signed_integer(dtype)) {
    int64_t high = bits == 64 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << (bits - 1)) - 1;
    return {-high - 1, high};
  }
  return {0, bits == 64 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << bits) - 1};
}

/// A bound of clamp as a constant of the dtype, rounded inwards; nothing if no value of the type lies beyond it.
std::optional<MoValue> bound(MoBuilder& b, DType dtype, double value, bool low) {
  if (is_float(dtype)) {
    if (std::isinf(value) && (value < 0) == low) return std::nullopt;
    return b.scalar(dtype, value);
  }
  auto [least, greatest] = integer_range(dtype);
  double inward = low ? std::ceil(value) : std::floor(value);
  if (low ? inward <= static_cast<double>(least) : inward >= static_cast<double>(greatest)) return std::nullopt;
  double outer = low ? static_cast<double>(greatest) : static_cast<double>(least);
  if (low ? inward >= outer : inward <= outer) return b.integer(dtype, low ? greatest : least);
  return b.integer(dtype, static_cast<int64_t>(inward));
}

Values clamp(MoBuilder& b, const EmitSite& s) {
  MoValue x = s.in[0];
  // Chosen by comparisons: NaN fails both and stays.
  if (auto low = bound(b, x.type.dtype, s.attrs().number("low"), true)) x = b.select(b.greater(*low, x), *low, x);
  if (auto high = bound(b, x.type.dtype, s.attrs().number("high"), false)) x = b.select(b.greater(x, *high), *high, x);
  return {x};
}

Values sign(MoBuilder& b, const EmitSite& s) {
  MoValue zero = b.scalar(s.in[0].type.dtype, 0);
  DType dtype = s.in[0].type.dtype;
  MoValue above = b.cast(b.greater(s.in[0], zero), dtype);
  if (!is_float(dtype) && !is_signed_integer(dtype)) return {above};
  return {b.binary("sub", above, b.cast(b.greater(zero, s.in[0]), dtype), dtype)};
}

/// With u = exp(x) as rounded: (u - 1) x / log(u), in which the rounding of u cancels (Kahan); x where u is 1.
Values expm1(MoBuilder& b, const EmitSite& s) {
  DType wide = s.in[0].type.dtype == DType::f64 ? DType::f64 : DType::f32;
  MoValue x = b.cast(s.in[0], wide);
  MoValue u = b.unary("rmo.mo.exp", x);
  MoValue less_one = b.binary("sub", u, b.scalar(wide, 1), wide);
  MoValue product = b.binary("mul", less_one, x, wide);
  MoValue out = b.binary("div", product, b.unary("rmo.mo.log", u), wide);
  MoValue is_one = b.binary("equal", u, b.scalar(wide, 1), DType::boolean);
  out = b.select(is_one, x, out);
  // Where log(u) is infinite, the quotient is not to be had.
  MoValue low = b.binary("equal", less_one, b.scalar(wide, -1), DType::boolean);
  out = b.select(low, b.scalar(wide, -1), out);
  MoValue high = b.op("rmo.mo.is_inf", {u}, {DType::boolean, u.type.shape});
  return {b.cast(b.select(high, u, out), s.out[0].dtype)};
}

}  // namespace

void add_compositions(MoTable& table) {
  auto no_bool = [](const Graph& graph, const Node& node) -> std::optional<std::string> {
    if (graph.type_of(node.operands[0]).dtype == DType::boolean) return "arithmetic of bool";
    return std::nullopt;
  };
  table["clamp"] = {clamp, no_bool};
  table["sign"] = {sign, no_bool};
  table["expm1"] = {expm1, only_floats};
  table["square"] = {
      [](MoBuilder& b, const EmitSite& s) -> Values { return {b.binary("mul", s.in[0], s.in[0], s.out[0].dtype)}; },
      no_bool};
  table["reciprocal"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
                           return {b.binary("div", b.scalar(s.out[0].dtype, 1), s.in[0], s.out[0].dtype)};
                         },
                         only_floats};
  table["leaky_relu"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
                           DType dtype = s.out[0].dtype;
                           MoValue scaled =
                               b.binary("mul", s.in[0], b.scalar(dtype, s.attrs().number("negative_slope")), dtype);
                           return {b.select(b.greater(b.scalar(dtype, 0), s.in[0]), scaled, s.in[0])};
                         },
                         only_floats};
}

}  // namespace accelerate::max_engine
