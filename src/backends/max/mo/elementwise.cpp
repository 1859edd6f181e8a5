// Elementwise ops that MAX has, with what keeps their meaning ours: NaN passes through maxima and relu, comparisons of
// bool go through integers.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

MoOp unary(std::string name, Condition condition = only_floats) {
  return {[name = std::move(name)](MoBuilder& b, const EmitSite& s) -> Values { return {b.unary(name, s.in[0])}; },
          std::move(condition)};
}

MoOp predicate(std::string name) {
  return {
      [name = std::move(name)](MoBuilder& b, const EmitSite& s) -> Values { return {b.op(name, {s.in[0]}, s.out[0])}; },
      only_floats};
}

std::optional<std::string> no_bool(const Graph& graph, const Node& node) {
  if (graph.type_of(node.operands[0]).dtype == DType::boolean) return "arithmetic of bool";
  return std::nullopt;
}

MoOp binary(std::string name, Condition condition = no_bool) {
  return {[name = std::move(name)](MoBuilder& b, const EmitSite& s) -> Values {
            return {b.binary(name, s.in[0], s.in[1], s.out[0].dtype)};
          },
          std::move(condition)};
}

MoValue number(MoBuilder& b, const MoValue& x) {
  return x.type.dtype == DType::boolean ? b.cast(x, DType::i32) : x;
}

/// a NAME b, with the operands exchanged if `swap`.
MoOp comparison(std::string name, bool swap = false) {
  return {[name = std::move(name), swap](MoBuilder& b, const EmitSite& s) -> Values {
    MoValue x = number(b, s.in[0]);
    MoValue y = number(b, s.in[1]);
    // MAX takes an equality of one value with itself for true, which NaN is not.
    if (x.name == y.name && is_float(x.type.dtype)) {
      MoValue nan = b.op("rmo.mo.is_nan", {x}, s.out[0]);
      if (name == "not_equal") return {nan};
      if (name == "greater") return {b.broadcast(b.constant(Tensor::scalar(DType::boolean, 0)), s.out[0].shape)};
      return {b.unary("rmo.mo.not", nan)};
    }
    return {swap ? b.binary(name, y, x, DType::boolean) : b.binary(name, x, y, DType::boolean)};
  }};
}

MoOp logical(std::string name) {
  return {[name = std::move(name)](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.binary(name, b.to_bool(s.in[0]), b.to_bool(s.in[1]), DType::boolean)};
  }};
}

/// The larger (or smaller) of a and b, NaN if either is: a if a > b or a is NaN; else b.
Values extreme(MoBuilder& b, const EmitSite& s, bool largest) {
  const MoValue& x = s.in[0];
  const MoValue& y = s.in[1];
  if (!is_float(x.type.dtype)) return {b.binary(largest ? "max" : "min", x, y, x.type.dtype)};
  MoValue take_x = largest ? b.greater(x, y) : b.greater(y, x);
  take_x = b.binary("or", take_x, b.op("rmo.mo.is_nan", {x}, {DType::boolean, x.type.shape}), DType::boolean);
  return {b.select(take_x, x, y)};
}

}  // namespace

std::optional<std::string> only_floats(const Graph& graph, const Node& node) {
  for (ValueId id : node.operands)
    if (!is_float(graph.type_of(id).dtype))
      return fmt::format("{} of {}", node.op->name, name_of(graph.type_of(id).dtype));
  return std::nullopt;
}

void add_elementwise(MoTable& table) {
  for (const char* name : {"exp", "log", "log1p", "sqrt", "rsqrt", "tanh", "sigmoid", "erf", "silu", "sin", "cos",
                           "atanh", "floor", "ceil", "round", "trunc"})
    table[name] = unary(std::string("rmo.mo.") + name);
  table["quick_gelu"] = unary("rmo.mo.gelu_quick");
  table["abs"] = unary("rmo.mo.abs", no_bool);
  table["neg"] = unary("rmo.mo.negative", no_bool);
  table["is_nan"] = predicate("rmo.mo.is_nan");
  table["is_inf"] = predicate("rmo.mo.is_inf");
  table["gelu"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
                     bool tanh = s.attrs().string("approximate") == "tanh";
                     return {b.unary(tanh ? "rmo.mo.gelu_tanh" : "rmo.mo.gelu", s.in[0])};
                   },
                   only_floats};
  table["relu"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
                     MoValue zero = b.scalar(s.in[0].type.dtype, 0);
                     return {b.select(b.greater(zero, s.in[0]), zero, s.in[0])};
                   },
                   no_bool};
  table["add"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.binary(s.out[0].dtype == DType::boolean ? "or" : "add", s.in[0], s.in[1], s.out[0].dtype)};
  }};
  table["mul"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    return {b.binary(s.out[0].dtype == DType::boolean ? "and" : "mul", s.in[0], s.in[1], s.out[0].dtype)};
  }};
  table["sub"] = binary("sub");
  table["div"] = binary("div", only_floats);
  table["pow"] = binary("pow", only_floats);
  table["maximum"] = {[](MoBuilder& b, const EmitSite& s) { return extreme(b, s, true); }, no_bool};
  table["minimum"] = {[](MoBuilder& b, const EmitSite& s) { return extreme(b, s, false); }, no_bool};
  table["equal"] = comparison("equal");
  table["not_equal"] = comparison("not_equal");
  table["greater"] = comparison("greater");
  table["greater_equal"] = comparison("greater_equal");
  table["less"] = comparison("greater", true);
  table["less_equal"] = comparison("greater_equal", true);
  table["logical_and"] = logical("and");
  table["logical_or"] = logical("or");
  table["logical_xor"] = logical("xor");
  table["logical_not"] = {
      [](MoBuilder& b, const EmitSite& s) -> Values { return {b.unary("rmo.mo.not", b.to_bool(s.in[0]))}; }};
  table["where"] = {[](MoBuilder& b, const EmitSite& s) -> Values { return {b.select(s.in[0], s.in[1], s.in[2])}; }};
  table["cast"] = {[](MoBuilder& b, const EmitSite& s) -> Values {
    if (s.out[0].dtype == DType::boolean) return {b.to_bool(s.in[0])};
    return {b.cast(s.in[0], s.out[0].dtype)};
  }};
}

}  // namespace accelerate::max_engine
