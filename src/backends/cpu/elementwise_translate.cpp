// Nodes to instructions.
#include <unordered_map>

#include "backends/cpu/elementwise_program.h"

namespace accelerate::cpu {
namespace {

using Kind = ElementwiseProgram::Kind;
using Instruction = ElementwiseProgram::Instruction;
using Register = ElementwiseProgram::Register;

const std::unordered_map<std::string_view, Unary>& unary_names() {
  static const std::unordered_map<std::string_view, Unary> map = {{"neg", Unary::neg},
                                                                  {"abs", Unary::abs},
                                                                  {"square", Unary::square},
                                                                  {"sqrt", Unary::sqrt},
                                                                  {"rsqrt", Unary::rsqrt},
                                                                  {"reciprocal", Unary::reciprocal},
                                                                  {"exp", Unary::exp},
                                                                  {"log", Unary::log},
                                                                  {"log2", Unary::log2},
                                                                  {"log1p", Unary::log1p},
                                                                  {"expm1", Unary::expm1},
                                                                  {"exp2", Unary::exp2},
                                                                  {"sin", Unary::sin},
                                                                  {"cos", Unary::cos},
                                                                  {"tan", Unary::tan},
                                                                  {"asin", Unary::asin},
                                                                  {"acos", Unary::acos},
                                                                  {"atan", Unary::atan},
                                                                  {"sinh", Unary::sinh},
                                                                  {"cosh", Unary::cosh},
                                                                  {"tanh", Unary::tanh},
                                                                  {"asinh", Unary::asinh},
                                                                  {"acosh", Unary::acosh},
                                                                  {"atanh", Unary::atanh},
                                                                  {"sigmoid", Unary::sigmoid},
                                                                  {"relu", Unary::relu},
                                                                  {"selu", Unary::selu},
                                                                  {"quick_gelu", Unary::quick_gelu},
                                                                  {"silu", Unary::silu},
                                                                  {"softsign", Unary::softsign},
                                                                  {"mish", Unary::mish},
                                                                  {"hard_sigmoid", Unary::hardsigmoid},
                                                                  {"hard_swish", Unary::hardswish},
                                                                  {"erf", Unary::erf},
                                                                  {"floor", Unary::floor},
                                                                  {"ceil", Unary::ceil},
                                                                  {"round", Unary::round},
                                                                  {"trunc", Unary::trunc},
                                                                  {"sign", Unary::sign},
                                                                  {"log_sigmoid", Unary::logsigmoid}};
  return map;
}

const std::unordered_map<std::string_view, Binary>& binary_names() {
  static const std::unordered_map<std::string_view, Binary> map = {
      {"add", Binary::add},     {"sub", Binary::sub},
      {"mul", Binary::mul},     {"div", Binary::div},
      {"minimum", Binary::min}, {"maximum", Binary::max},
      {"pow", Binary::pow},     {"remainder", Binary::mod},
      {"fmod", Binary::fmod},   {"floor_divide", Binary::floor_div},
      {"atan2", Binary::atan2}};
  return map;
}

const std::unordered_map<std::string_view, IntBinary>& int_binary_names() {
  static const std::unordered_map<std::string_view, IntBinary> map = {{"add", IntBinary::add},
                                                                      {"sub", IntBinary::sub},
                                                                      {"mul", IntBinary::mul},
                                                                      {"minimum", IntBinary::minimum},
                                                                      {"maximum", IntBinary::maximum},
                                                                      {"remainder", IntBinary::remainder},
                                                                      {"floor_divide", IntBinary::floor_divide},
                                                                      {"trunc_divide", IntBinary::trunc_divide},
                                                                      {"bitwise_and", IntBinary::bitwise_and},
                                                                      {"bitwise_or", IntBinary::bitwise_or},
                                                                      {"bitwise_xor", IntBinary::bitwise_xor}};
  return map;
}

/// What takes any numbers as truth values; logical_not is told apart by its name.
const std::unordered_map<std::string_view, BoolBinary>& logical_names() {
  static const std::unordered_map<std::string_view, BoolBinary> map = {{"logical_and", BoolBinary::logical_and},
                                                                       {"logical_or", BoolBinary::logical_or},
                                                                       {"logical_xor", BoolBinary::logical_xor},
                                                                       {"logical_not", BoolBinary::logical_and}};
  return map;
}

const std::unordered_map<std::string_view, Compare>& compare_names() {
  static const std::unordered_map<std::string_view, Compare> map = {
      {"equal", Compare::eq},      {"not_equal", Compare::ne}, {"less", Compare::lt},
      {"less_equal", Compare::le}, {"greater", Compare::gt},   {"greater_equal", Compare::ge}};
  return map;
}

/// The register type of a dtype, or nothing.
std::optional<Element> register_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::f16:
    case DType::bf16: return Element::f32;
    case DType::i64: return Element::i64;
    case DType::i32: return Element::i32;
    case DType::boolean: return Element::u8;
    default: return std::nullopt;
  }
}

class Translator {
 public:
  Translator(const Graph& graph, ElementwiseProgram& program) : graph_(graph), program_(program) {}

  std::optional<std::string> run(std::span<const Node* const> nodes, std::span<const ValueId> inputs,
                                 std::span<const ValueId> outputs) {
    program_.num_inputs = inputs.size();
    program_.num_outputs = outputs.size();
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (auto reason = add_register(inputs[i])) return reason;
      if (program_.registers[static_cast<size_t>(of_.at(inputs[i]))].input < 0)
        program_.registers[static_cast<size_t>(of_.at(inputs[i]))].input = static_cast<int>(i);
    }
    for (const Node* node : nodes) {
      if (node->op->name == "constant" || node->op->name == "weight") {
        const ValueId id = node->results[0];
        if (of_.contains(id)) continue;
        if (node->op->name == "weight" || node->attrs.tensor("value").num_elements() != 1)
          return "a constant of several elements inside the group";
        if (auto reason = add_register(id)) return reason;
        program_.registers[static_cast<size_t>(of_[id])].constant = node->attrs.tensor("value").get(0);
        continue;
      }
      if (node->results.size() != 1) return node->op->name + " has several results";
      if (auto reason = add_register(node->results[0])) return reason;
      if (auto reason = translate_node(*node)) return reason;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      auto it = of_.find(outputs[i]);
      if (it == of_.end()) return "an output that the group does not compute";
      Register& r = program_.registers[static_cast<size_t>(it->second)];
      if (r.output >= 0 || r.input >= 0 || r.constant) return "an output that is an input or another output";
      r.output = static_cast<int>(i);
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> add_register(ValueId id) {
    if (of_.contains(id)) return std::nullopt;
    DType dtype = graph_.type_of(id).dtype;
    auto type = register_type(dtype);
    if (!type) return fmt::format("values of {}", name_of(dtype));
    Register r;
    r.type = *type;
    r.stored = known_element(dtype);
    of_[id] = static_cast<int>(program_.registers.size());
    program_.registers.push_back(r);
    return std::nullopt;
  }
  int reg(ValueId id) const { return of_.at(id); }
  Element type(ValueId id) const { return program_.registers[static_cast<size_t>(reg(id))].type; }
  void emit(Kind kind, int op, const Node& node, float p0 = 0, float p1 = 0) {
    Instruction i;
    i.kind = kind;
    i.op = op;
    i.dst = reg(node.results[0]);
    i.a = reg(node.operands[0]);
    if (node.operands.size() > 1) i.b = reg(node.operands[1]);
    if (node.operands.size() > 2) i.c = reg(node.operands[2]);
    i.p0 = p0;
    i.p1 = p1;
    program_.instructions.push_back(i);
  }
  void emit_unary(Unary op, const Node& node, double p0 = 0, double p1 = 0) {
    emit(Kind::unary, static_cast<int>(op), node, static_cast<float>(p0), static_cast<float>(p1));
  }

  std::optional<std::string> translate_node(const Node& node) {
    const std::string& name = node.op->name;
    for (ValueId id : node.operands)
      if (!of_.contains(id)) return "an operand from outside of the group";
    Element t = type(node.operands[0]);
    std::string unsupported = fmt::format("{} of {}", name, name_of(graph_.type_of(node.operands[0]).dtype));
    if (name == "cast") {
      Element to = type(node.results[0]);
      DType to_dtype = graph_.type_of(node.results[0]).dtype;
      if (to_dtype == DType::boolean && t != Element::u8) {
        emit(t == Element::f32 ? Kind::compare : Kind::int_compare, static_cast<int>(Compare::ne), node);
        program_.instructions.back().b = zero(t);
        return std::nullopt;
      }
      // Rounding to f16 and back must happen where a cast says so.
      if ((to_dtype == DType::f16 || to_dtype == DType::bf16) && graph_.type_of(node.operands[0]).dtype != to_dtype) {
        emit(Kind::convert, to_dtype == DType::f16 ? 1 : 2, node);
        return std::nullopt;
      }
      if (t == to) {
        emit_copy(node, t);
        return std::nullopt;
      }
      emit(Kind::convert, 0, node);
      return std::nullopt;
    }
    if (name == "where") {
      emit(type(node.results[0]) == Element::f32 ? Kind::select : Kind::int_select, 0, node);
      return std::nullopt;
    }
    if (auto it = compare_names().find(name); it != compare_names().end()) {
      emit(t == Element::f32 ? Kind::compare : Kind::int_compare, static_cast<int>(it->second), node);
      return std::nullopt;
    }
    if (name == "is_nan" || name == "is_inf") {
      if (t != Element::f32) return unsupported;
      emit(name == "is_nan" ? Kind::is_nan : Kind::is_inf, 0, node);
      return std::nullopt;
    }
    if (logical_names().contains(name) && t != Element::u8) {
      std::vector<int> truths;
      for (ValueId id : node.operands) truths.push_back(is_not_zero(reg(id), t));
      if (name == "logical_not") {
        emit(Kind::bool_not, 0, node);
      } else {
        emit(Kind::bool_binary, static_cast<int>(logical_names().at(name)), node);
        program_.instructions.back().b = truths[1];
      }
      program_.instructions.back().a = truths[0];
      return std::nullopt;
    }
    if (t == Element::u8) return translate_bool(node, unsupported);
    if (t != Element::f32) return translate_int(node, unsupported);
    if (auto it = unary_names().find(name); it != unary_names().end()) {
      emit_unary(it->second, node);
    } else if (auto b = binary_names().find(name); b != binary_names().end()) {
      emit(Kind::binary, static_cast<int>(b->second), node);
    } else if (name == "trunc_divide") {
      emit(Kind::binary, static_cast<int>(Binary::div), node);
      int quotient = temporary(Element::f32);
      program_.instructions.back().dst = quotient;
      emit_unary(Unary::trunc, node);
      program_.instructions.back().a = quotient;
      program_.instructions.back().b = -1;
    } else if (name == "gelu") {
      emit_unary(node.attrs.string("approximate") == "tanh" ? Unary::gelu_tanh : Unary::gelu, node);
    } else if (name == "leaky_relu") {
      emit_unary(Unary::leaky_relu, node, node.attrs.number("negative_slope"));
    } else if (name == "elu") {
      emit_unary(Unary::elu, node, node.attrs.number("alpha"));
    } else if (name == "clamp") {
      emit_unary(Unary::clamp, node, node.attrs.number("low"), node.attrs.number("high"));
    } else if (name == "softplus" && node.attrs.number("beta") == 1.0 && node.attrs.number("threshold") >= 20.0) {
      emit_unary(Unary::softplus, node);
    } else {
      return unsupported;
    }
    return std::nullopt;
  }

  std::optional<std::string> translate_bool(const Node& node, const std::string& unsupported) {
    const std::string& name = node.op->name;
    if (name == "logical_not" || name == "bitwise_not") {
      emit(Kind::bool_not, 0, node);
    } else if (name == "logical_and" || name == "bitwise_and" || name == "mul" || name == "minimum") {
      emit(Kind::bool_binary, static_cast<int>(BoolBinary::logical_and), node);
    } else if (name == "logical_or" || name == "bitwise_or" || name == "add" || name == "maximum") {
      emit(Kind::bool_binary, static_cast<int>(BoolBinary::logical_or), node);
    } else if (name == "logical_xor" || name == "bitwise_xor") {
      emit(Kind::bool_binary, static_cast<int>(BoolBinary::logical_xor), node);
    } else {
      return unsupported;
    }
    return std::nullopt;
  }

  std::optional<std::string> translate_int(const Node& node, const std::string& unsupported) {
    const std::string& name = node.op->name;
    if (auto it = int_binary_names().find(name); it != int_binary_names().end()) {
      emit(Kind::int_binary, static_cast<int>(it->second), node);
    } else if (name == "floor" || name == "ceil" || name == "round" || name == "trunc") {
      emit_copy(node, type(node.operands[0]));
    } else if (name == "neg") {
      emit(Kind::int_unary, static_cast<int>(IntUnary::neg), node);
    } else if (name == "abs") {
      emit(Kind::int_unary, static_cast<int>(IntUnary::abs), node);
    } else if (name == "bitwise_not") {
      emit(Kind::int_unary, static_cast<int>(IntUnary::bitwise_not), node);
    } else if (name == "sign") {
      emit(Kind::int_unary, static_cast<int>(IntUnary::sign), node);
    } else {
      return unsupported;
    }
    return std::nullopt;
  }

  int temporary(Element type) {
    Register r;
    r.type = type;
    r.stored = type;
    program_.registers.push_back(r);
    return static_cast<int>(program_.registers.size()) - 1;
  }
  int zero(Element type) {
    int out = temporary(type);
    program_.registers.back().constant = 0.0;
    return out;
  }
  /// A bool register: value != 0.
  int is_not_zero(int value, Element type) {
    Instruction i;
    i.kind = type == Element::f32 ? Kind::compare : Kind::int_compare;
    i.op = static_cast<int>(Compare::ne);
    i.a = value;
    i.b = zero(type);
    i.dst = temporary(Element::u8);
    program_.instructions.push_back(i);
    return i.dst;
  }
  void emit_copy(const Node& node, Element type) {
    if (type == Element::f32) return emit_unary(Unary::copy, node);
    if (type == Element::u8) {
      emit(Kind::bool_binary, static_cast<int>(BoolBinary::logical_or), node);
    } else {
      emit(Kind::int_binary, static_cast<int>(IntBinary::bitwise_or), node);
    }
    program_.instructions.back().b = program_.instructions.back().a;
  }

  const Graph& graph_;
  ElementwiseProgram& program_;
  std::unordered_map<ValueId, int> of_;
};

}  // namespace

std::optional<std::string> translate(const Graph& graph, std::span<const Node* const> nodes,
                                     std::span<const ValueId> inputs, std::span<const ValueId> outputs,
                                     ElementwiseProgram& program) {
  return Translator(graph, program).run(nodes, inputs, outputs);
}

}  // namespace accelerate::cpu
