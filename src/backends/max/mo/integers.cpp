// Division of integers: what the processor has no answer for (0 and -1 as divisors) never reaches it.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

std::optional<std::string> only_integers(const Graph& graph, const Node& node) {
  DType dtype = graph.type_of(node.operands[0]).dtype;
  if (is_integer(dtype)) return std::nullopt;
  return fmt::format("{} of {}", node.op->name, name_of(dtype));
}

struct Divisor {
  MoValue is_zero;
  MoValue is_minus_one;  // without a name for unsigned types
  MoValue safe;          // 1 in their place
};

Divisor divisor(MoBuilder& b, const MoValue& y) {
  DType dtype = y.type.dtype;
  Divisor out;
  out.is_zero = b.binary("equal", y, b.integer(dtype, 0), DType::boolean);
  MoValue special = out.is_zero;
  if (is_signed_integer(dtype)) {
    out.is_minus_one = b.binary("equal", y, b.integer(dtype, -1), DType::boolean);
    special = b.binary("or", special, out.is_minus_one, DType::boolean);
  }
  out.safe = b.select(special, b.integer(dtype, 1), y);
  return out;
}

/// The quotient for special divisors: 0 for 0, -x for -1; `q` for the others.
MoValue settled(MoBuilder& b, const Divisor& d, const MoValue& x, MoValue q) {
  DType dtype = x.type.dtype;
  if (!d.is_minus_one.name.empty()) q = b.select(d.is_minus_one, b.binary("sub", b.integer(dtype, 0), x, dtype), q);
  return b.select(d.is_zero, b.integer(dtype, 0), q);
}

MoValue floored_remainder(MoBuilder& b, const MoValue& x, const MoValue& y) {
  return b.binary("mod", x, y, x.type.dtype);
}

Values remainder(MoBuilder& b, const EmitSite& s) {
  Divisor d = divisor(b, s.in[1]);
  return {b.select(d.is_zero, s.in[0], floored_remainder(b, s.in[0], d.safe))};
}

Values floor_divide(MoBuilder& b, const EmitSite& s) {
  DType dtype = s.out[0].dtype;
  Divisor d = divisor(b, s.in[1]);
  MoValue whole = b.binary("sub", s.in[0], floored_remainder(b, s.in[0], d.safe), dtype);
  return {settled(b, d, s.in[0], b.binary("div", whole, d.safe, dtype))};
}

Values trunc_divide(MoBuilder& b, const EmitSite& s) {
  Divisor d = divisor(b, s.in[1]);
  return {settled(b, d, s.in[0], b.binary("div", s.in[0], d.safe, s.out[0].dtype))};
}

Values fmod(MoBuilder& b, const EmitSite& s) {
  DType dtype = s.out[0].dtype;
  Divisor d = divisor(b, s.in[1]);
  MoValue quotient = b.binary("div", s.in[0], d.safe, dtype);
  MoValue rest = b.binary("sub", s.in[0], b.binary("mul", quotient, d.safe, dtype), dtype);
  return {b.select(d.is_zero, s.in[0], rest)};
}

}  // namespace

void add_integers(MoTable& table) {
  table["remainder"] = {remainder, only_integers};
  table["floor_divide"] = {floor_divide, only_integers};
  table["trunc_divide"] = {trunc_divide, only_integers};
  table["fmod"] = {fmod, only_integers};
}

}  // namespace accelerate::max_engine
