#include "codegen/primitives.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace accelerate::codegen {

std::optional<LoopType> loop_type(DType dtype) {
  switch (dtype) {
    case DType::f32: return LoopType::f32;
    case DType::i32: return LoopType::i32;
    case DType::i64: return LoopType::i64;
    case DType::boolean: return LoopType::boolean;
    default: return std::nullopt;
  }
}

int LoopEmitter::op(LoopOp op, LoopType type, std::initializer_list<int> in) {
  LoopValue value;
  value.op = op;
  value.type = type;
  value.row = true;
  std::copy(in.begin(), in.end(), value.in.begin());
  for (int v : in) value.row = value.row && kernel_.values[static_cast<size_t>(v)].row;
  if (is_reduction(op)) value.row = true;
  kernel_.values.push_back(value);
  return static_cast<int>(kernel_.values.size()) - 1;
}

int LoopEmitter::constant(LoopType type, double number) {
  int out = op(LoopOp::constant, type, {});
  kernel_.values.back().number = number;
  return out;
}

int LoopEmitter::convert(int v, LoopType to) {
  return type(v) == to ? v : op(LoopOp::convert, to, {v});
}

std::optional<LoopOp> reduction_of(std::string_view op) {
  if (op == "reduce_sum") return LoopOp::reduce_sum;
  if (op == "reduce_prod") return LoopOp::reduce_product;
  if (op == "reduce_max") return LoopOp::reduce_max;
  if (op == "reduce_min") return LoopOp::reduce_min;
  return std::nullopt;
}

namespace {

using Table = std::map<std::string, Primitive, std::less<>>;
using In = std::vector<int>;

bool floats(LoopType t) {
  return t == LoopType::f32;
}
bool integers(LoopType t) {
  return t == LoopType::i32 || t == LoopType::i64;
}
bool numbers(LoopType t) {
  return t != LoopType::boolean;
}
bool booleans(LoopType t) {
  return t == LoopType::boolean;
}
bool any(LoopType) {
  return true;
}

void add_unary(Table& table) {
  const std::pair<const char*, LoopOp> of_floats[] = {
      {"sqrt", LoopOp::sqrt}, {"exp", LoopOp::exp}, {"expm1", LoopOp::expm1},  {"log", LoopOp::log},
      {"log2", LoopOp::log2}, {"sin", LoopOp::sin}, {"cos", LoopOp::cos},      {"log1p", LoopOp::log1p},
      {"tanh", LoopOp::tanh}, {"erf", LoopOp::erf}, {"is_nan", LoopOp::is_nan}};
  for (auto [name, op] : of_floats)
    table[name] = {floats, [op](LoopEmitter& e, const In& in, LoopType out) { return e.op(op, out, {in[0]}); }};
  for (auto [name, op] : {std::pair{"neg", LoopOp::neg}, std::pair{"abs", LoopOp::abs}})
    table[name] = {numbers, [op](LoopEmitter& e, const In& in, LoopType out) { return e.op(op, out, {in[0]}); }};
  for (auto [name, op] : {std::pair{"floor", LoopOp::floor}, std::pair{"ceil", LoopOp::ceil},
                          std::pair{"round", LoopOp::round}, std::pair{"trunc", LoopOp::trunc}})
    table[name] = {numbers, [op](LoopEmitter& e, const In& in, LoopType out) {
                     return e.op(integers(out) ? LoopOp::copy : op, out, {in[0]});
                   }};
  table["is_inf"] = {floats, [](LoopEmitter& e, const In& in, LoopType out) {
                       int size = e.op(LoopOp::abs, LoopType::f32, {in[0]});
                       return e.op(LoopOp::equal, out,
                                   {size, e.constant(LoopType::f32, std::numeric_limits<double>::infinity())});
                     }};
  table["sigmoid"] = {floats, [](LoopEmitter& e, const In& in, LoopType out) {
                        int one = e.constant(out, 1);
                        int grown = e.op(LoopOp::exp, out, {e.op(LoopOp::neg, out, {in[0]})});
                        return e.op(LoopOp::div, out, {one, e.op(LoopOp::add, out, {one, grown})});
                      }};
  table["sign"] = {numbers, [](LoopEmitter& e, const In& in, LoopType out) {
                     int zero = e.constant(out, 0);
                     int below = e.op(LoopOp::less, LoopType::boolean, {in[0], zero});
                     int above = e.op(LoopOp::less, LoopType::boolean, {zero, in[0]});
                     int rest = e.op(LoopOp::select, out, {below, e.constant(out, -1), in[0]});
                     return e.op(LoopOp::select, out, {above, e.constant(out, 1), rest});
                   }};
  auto convert = [](LoopEmitter& e, const In& in, LoopType out) {
    return e.op(e.type(in[0]) == out ? LoopOp::copy : LoopOp::convert, out, {in[0]});
  };
  table["cast"] = {any, convert};
  table["expand"] = {any, convert};
}

void add_binary(Table& table) {
  const std::pair<const char*, LoopOp> of_numbers[] = {{"add", LoopOp::add},
                                                       {"sub", LoopOp::sub},
                                                       {"mul", LoopOp::mul},
                                                       {"maximum", LoopOp::maximum},
                                                       {"minimum", LoopOp::minimum}};
  for (auto [name, op] : of_numbers)
    table[name] = {numbers, [op](LoopEmitter& e, const In& in, LoopType out) { return e.op(op, out, {in[0], in[1]}); }};
  for (auto [name, op] : {std::pair{"div", LoopOp::div}, std::pair{"pow", LoopOp::pow}})
    table[name] = {floats, [op](LoopEmitter& e, const In& in, LoopType out) { return e.op(op, out, {in[0], in[1]}); }};
  table["trunc_divide"] = {floats, [](LoopEmitter& e, const In& in, LoopType out) {
                             return e.op(LoopOp::trunc, out, {e.op(LoopOp::div, out, {in[0], in[1]})});
                           }};
  struct Comparison {
    const char* name;
    LoopOp op;
    bool swapped;
  };
  for (Comparison c :
       {Comparison{"equal", LoopOp::equal, false}, Comparison{"not_equal", LoopOp::not_equal, false},
        Comparison{"less", LoopOp::less, false}, Comparison{"less_equal", LoopOp::less_equal, false},
        Comparison{"greater", LoopOp::less, true}, Comparison{"greater_equal", LoopOp::less_equal, true}})
    table[c.name] = {numbers, [c](LoopEmitter& e, const In& in, LoopType out) {
                       return c.swapped ? e.op(c.op, out, {in[1], in[0]}) : e.op(c.op, out, {in[0], in[1]});
                     }};
  for (auto [name, op] : {std::pair{"and", LoopOp::logical_and}, std::pair{"or", LoopOp::logical_or},
                          std::pair{"xor", LoopOp::logical_xor}}) {
    auto emit = [op](LoopEmitter& e, const In& in, LoopType out) {
      return e.op(op, out, {e.convert(in[0], LoopType::boolean), e.convert(in[1], LoopType::boolean)});
    };
    table[std::string("logical_") + name] = {any, emit};
    table[std::string("bitwise_") + name] = {booleans, emit};
  }
  auto negate = [](LoopEmitter& e, const In& in, LoopType out) {
    return e.op(LoopOp::logical_not, out, {e.convert(in[0], LoopType::boolean)});
  };
  table["logical_not"] = {any, negate};
  table["bitwise_not"] = {booleans, negate};
  table["where"] = {any, [](LoopEmitter& e, const In& in, LoopType out) {
                      return e.op(LoopOp::select, out, {e.convert(in[0], LoopType::boolean), in[1], in[2]});
                    }};
}

}  // namespace

const Table& primitives() {
  static const Table table = [] {
    Table out;
    add_unary(out);
    add_binary(out);
    return out;
  }();
  return table;
}

}  // namespace accelerate::codegen
