// Elementwise ops that OpenVINO has, with what keeps their meaning ours: NaN passes through maxima and relu, and what
// depends on the width of integers stays with 32 bits.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

IrOp unary(std::string name, std::string opset = "opset1", IrAttributes attributes = {}) {
  return {[name = std::move(name), opset = std::move(opset), attributes = std::move(attributes)](
              IrBuilder& b, const EmitSite& s) -> IrValues { return {b.unary(name, s.in[0], opset, attributes)}; },
          only_f32};
}

IrOp binary(std::string name, Condition condition) {
  return {[name = std::move(name)](IrBuilder& b, const EmitSite& s) -> IrValues {
            return {b.binary(name, s.in[0], s.in[1], s.out[0].dtype)};
          },
          std::move(condition)};
}

IrValue number(IrBuilder& b, const IrValue& x) {
  return x.type.dtype == DType::boolean ? b.cast(x, DType::i32) : x;
}

IrOp comparison(std::string name) {
  return {[name = std::move(name)](IrBuilder& b, const EmitSite& s) -> IrValues {
            return {b.binary(name, number(b, s.in[0]), number(b, s.in[1]), DType::boolean)};
          },
          only_compared};
}

IrOp logical(std::string name) {
  return {[name = std::move(name)](IrBuilder& b, const EmitSite& s) -> IrValues {
            return {b.binary(name, b.to_bool(s.in[0]), b.to_bool(s.in[1]), DType::boolean)};
          },
          only_compared};
}

/// Sums of bool are "or", products "and".
IrOp arithmetic(std::string name, std::string of_bool) {
  return {[=](IrBuilder& b, const EmitSite& s) -> IrValues {
            bool is_bool = s.out[0].dtype == DType::boolean;
            return {b.binary(is_bool ? of_bool : name, s.in[0], s.in[1], s.out[0].dtype)};
          },
          [](const Graph& graph, const Node& node) -> std::optional<std::string> {
            if (graph.type_of(node.results[0]).dtype == DType::boolean) return std::nullopt;
            return only_32_bits(graph, node);
          }};
}

/// The larger (or smaller) of a and b, NaN if either is: a if a > b or a is NaN; else b.
IrOp extreme(bool largest) {
  return {[largest](IrBuilder& b, const EmitSite& s) -> IrValues {
            const IrValue& x = s.in[0];
            const IrValue& y = s.in[1];
            if (x.type.dtype != DType::f32) return {b.binary(largest ? "Maximum" : "Minimum", x, y, x.type.dtype)};
            IrValue take_x = largest ? b.greater(x, y) : b.greater(y, x);
            take_x = b.binary("LogicalOr", take_x, b.is_nan(x), DType::boolean);
            return {b.select(take_x, x, y)};
          },
          [](const Graph& graph, const Node& node) -> std::optional<std::string> {
            if (graph.type_of(node.results[0]).dtype == DType::boolean) return "maxima of bool";
            return only_compared(graph, node);
          }};
}

IrValues cast(IrBuilder& b, const EmitSite& s) {
  if (s.out[0].dtype == DType::boolean) return {b.to_bool(s.in[0])};
  IrValue x = s.in[0];
  if (x.type.dtype == DType::f32 && s.out[0].dtype == DType::i32)  // NaN gives 0
    x = b.select(b.is_nan(x), b.scalar(DType::f32, 0), x);
  return {b.cast(x, s.out[0].dtype)};
}

std::optional<std::string> why_not_cast(const Graph& graph, const Node& node) {
  DType from = graph.type_of(node.operands[0]).dtype;
  DType to = graph.type_of(node.results[0]).dtype;
  if (from == to) return std::nullopt;
  auto narrow = [](DType d) { return d == DType::f16 || d == DType::bf16; };
  if (narrow(to)) return fmt::format("cast to {}: the engine computes on in f32", name_of(to));
  if (narrow(from) && to != DType::f32) return fmt::format("cast from {} to {}", name_of(from), name_of(to));
  if (is_float(from) && to == DType::i64) return "cast of floats to i64: the engine has 32-bit integers";
  if (to == DType::u8 || to == DType::i8) return fmt::format("cast to {}: the engine saturates", name_of(to));
  return std::nullopt;
}

}  // namespace

void add_elementwise(IrTable& table) {
  for (auto [ours, theirs] : {std::pair{"exp", "Exp"},
                              {"log", "Log"},
                              {"sqrt", "Sqrt"},
                              {"tanh", "Tanh"},
                              {"sigmoid", "Sigmoid"},
                              {"erf", "Erf"},
                              {"floor", "Floor"},
                              {"ceil", "Ceiling"},
                              {"sin", "Sin"},
                              {"cos", "Cos"},
                              {"tan", "Tan"},
                              {"sinh", "Sinh"},
                              {"cosh", "Cosh"},
                              {"asin", "Asin"},
                              {"acos", "Acos"},
                              {"atan", "Atan"}})
    table[ours] = unary(theirs);
  for (auto [ours, theirs] : {std::pair{"asinh", "Asinh"}, {"acosh", "Acosh"}, {"atanh", "Atanh"}})
    table[ours] = unary(theirs, "opset4");
  table["silu"] = unary("Swish", "opset4");
  table["round"] = unary("Round", "opset5", {{"mode", "half_to_even"}});
  table["gelu"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                     bool tanh = s.attrs().string("approximate") == "tanh";
                     return {b.unary("Gelu", s.in[0], "opset7", {{"approximation_mode", tanh ? "TANH" : "ERF"}})};
                   },
                   only_f32};
  for (auto [ours, theirs] : {std::pair{"abs", "Abs"}, {"neg", "Negative"}}) {
    table[ours] = unary(theirs);
    table[ours].why_not = only_32_bits;
  }
  table["is_nan"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.is_nan(s.in[0])}; },
                     [](const Graph& graph, const Node& node) -> std::optional<std::string> {
                       if (graph.type_of(node.operands[0]).dtype != DType::f32) return "is_nan other than of f32";
                       return std::nullopt;
                     }};
  table["is_inf"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues {
                       return {b.op("IsInf", "opset10", {s.in[0]}, s.out[0],
                                    {{"detect_negative", "true"}, {"detect_positive", "true"}})};
                     },
                     table["is_nan"].why_not};
  table["add"] = arithmetic("Add", "LogicalOr");
  table["mul"] = arithmetic("Multiply", "LogicalAnd");
  table["sub"] = binary("Subtract", only_32_bits);
  table["div"] = binary("Divide", only_f32);
  table["pow"] = binary("Power", only_f32);
  table["maximum"] = extreme(true);
  table["minimum"] = extreme(false);
  table["equal"] = comparison("Equal");
  table["not_equal"] = comparison("NotEqual");
  table["greater"] = comparison("Greater");
  table["greater_equal"] = comparison("GreaterEqual");
  table["less"] = comparison("Less");
  table["less_equal"] = comparison("LessEqual");
  table["logical_and"] = logical("LogicalAnd");
  table["logical_or"] = logical("LogicalOr");
  table["logical_xor"] = logical("LogicalXor");
  table["logical_not"] = {
      [](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.unary("LogicalNot", b.to_bool(s.in[0]))}; },
      only_compared};
  table["where"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {b.select(s.in[0], s.in[1], s.in[2])}; },
                    only_compared};
  table["cast"] = {cast, why_not_cast};
}

}  // namespace accelerate::openvino_engine
