#include "backends/mojo/render.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace accelerate::mojo {
namespace {

using codegen::LoopKernel;
using codegen::LoopOp;
using codegen::LoopPass;
using codegen::LoopType;
using codegen::LoopValue;

constexpr const char* kHeader =
    R"(from std.math import ceil, cos, erf, exp, exp2, expm1, floor, isnan, log, log1p, log2, sin, sqrt, tanh, trunc
from std.memory import bitcast
from std.sys import simd_width_of

comptime W = 2 * simd_width_of[DType.float32]()
comptime Buffers = UnsafePointer[UnsafePointer[UInt8, MutAnyOrigin], MutAnyOrigin]
comptime Parameters = UnsafePointer[Int64, MutAnyOrigin]
)";

std::string_view type_of(LoopType type) {
  switch (type) {
    case LoopType::f32: return "DType.float32";
    case LoopType::i32: return "DType.int32";
    case LoopType::i64: return "DType.int64";
    case LoopType::boolean: return "DType.bool";
  }
  return "";
}

/// As it lies in memory.
std::string_view stored_type(LoopType type) {
  return type == LoopType::boolean ? "DType.uint8" : type_of(type);
}

std::string number(LoopType type, double value) {
  if (type == LoopType::boolean) return value != 0 ? "Scalar[DType.bool](True)" : "Scalar[DType.bool](False)";
  if (type == LoopType::f32)
    return fmt::format("bitcast[DType.float32](UInt32({}))", std::bit_cast<uint32_t>(static_cast<float>(value)));
  return fmt::format("Scalar[{}]({})", type_of(type), static_cast<int64_t>(value));
}

/// What a reduction starts from.
std::string neutral(const LoopValue& v) {
  if (v.op == LoopOp::reduce_sum) return number(v.type, 0);
  if (v.op == LoopOp::reduce_product) return number(v.type, 1);
  bool lowest = v.op == LoopOp::reduce_max;
  if (v.type == LoopType::f32) {
    double infinity = std::numeric_limits<double>::infinity();
    return number(v.type, lowest ? -infinity : infinity);
  }
  return fmt::format("Scalar[{0}].{1}", type_of(v.type), lowest ? "MIN" : "MAX");
}

class KernelText {
 public:
  KernelText(const LoopKernel& kernel, size_t index) : k_(kernel), index_(index) {}

  std::string run() {
    out_ = fmt::format(
        "\n@export(\"k{0}\")\ndef k{0}(buffers: Buffers, parameters: Parameters, r0: Int, r1: Int, c0: Int, c1: Int) "
        "abi(\"C\"):\n",
        index_);
    for (size_t b = 0; b < k_.buffers.size(); ++b)
      line(1, fmt::format("var p{0} = buffers[{0}].bitcast[Scalar[{1}]]()", b, stored_type(k_.buffers[b].type)));
    line(1, "var rank = Int(parameters[0])");
    line(1, "for r in range(r0, r1):");
    offsets();
    for (const LoopPass& pass : codegen::passes_of(k_)) add_pass(pass);
    return std::move(out_);
  }

 private:
  void line(int depth, const std::string& text) {
    out_ += std::string(static_cast<size_t>(depth) * 4, ' ') + text + "\n";
  }
  const LoopValue& at(int v) const { return k_.values[static_cast<size_t>(v)]; }

  void offsets() {
    line(2, "var rest = r");
    for (size_t b = 0; b < k_.buffers.size(); ++b) line(2, fmt::format("var o{} = 0", b));
    line(2, "for d in range(rank - 1, -1, -1):");
    line(3, fmt::format("var n = Int(parameters[{} + d])", kOuterExtents));
    line(3, "var i = rest % n");
    line(3, "rest = rest // n");
    for (size_t b = 0; b < k_.buffers.size(); ++b)
      line(3, fmt::format("o{} += i * Int(parameters[{} + d])", b, kStrides + b * kOuterAxes));
  }

  /// An operand of an instruction on `width` elements; "" in a line.
  std::string ref(int v, const std::string& width) const {
    if (!at(v).row) return fmt::format("v{}", v);
    return width.empty() ? fmt::format("r{}", v) : fmt::format("SIMD[{}, {}](r{})", type_of(at(v).type), width, v);
  }

  std::string expression(const LoopValue& v, const std::string& width) const {
    std::string lanes = width.empty() ? "1" : width;
    auto in = [&](size_t i) { return ref(v.in[i], width); };
    auto call = [&](const char* function) { return fmt::format("{}({})", function, in(0)); };
    auto infix = [&](const char* sign) { return fmt::format("({} {} {})", in(0), sign, in(1)); };
    auto method = [&](const char* name) { return fmt::format("{}.{}({})", in(0), name, in(1)); };
    switch (v.op) {
      case LoopOp::load: {
        std::string at_column = v.row ? "" : " + c";
        std::string text = fmt::format("p{0}.unsafe_load[width={1}](o{0}{2})", v.buffer, lanes, at_column);
        return v.type == LoopType::boolean ? fmt::format("{}.ne(SIMD[DType.uint8, {}](0))", text, lanes) : text;
      }
      case LoopOp::constant: return number(v.type, v.number);
      case LoopOp::extent:
        return fmt::format("parameters[{}].cast[{}]()", own_extents_at(k_.buffers.size()) + v.index, type_of(v.type));
      case LoopOp::copy: return in(0);
      case LoopOp::neg: return fmt::format("(-{})", in(0));
      case LoopOp::logical_not: return fmt::format("(~{})", in(0));
      case LoopOp::is_nan: return call("isnan");
      case LoopOp::convert: {
        if (v.type == LoopType::boolean)
          return fmt::format("{}.ne(SIMD[{}, {}](0))", in(0), type_of(at(v.in[0]).type), lanes);
        return fmt::format("{}.cast[{}]()", in(0), type_of(v.type));
      }
      case LoopOp::add: return infix("+");
      case LoopOp::sub: return infix("-");
      case LoopOp::mul: return infix("*");
      case LoopOp::div: return infix("/");
      case LoopOp::pow: return fmt::format("pow({}, {})", in(0), in(1));
      case LoopOp::maximum: return extreme(v.type, in(0), in(1), "gt");
      case LoopOp::minimum: return extreme(v.type, in(0), in(1), "lt");
      case LoopOp::equal: return method("eq");
      case LoopOp::not_equal: return method("ne");
      case LoopOp::less: return method("lt");
      case LoopOp::less_equal: return method("le");
      case LoopOp::logical_and: return infix("&");
      case LoopOp::logical_or: return infix("|");
      case LoopOp::logical_xor: return infix("^");
      case LoopOp::select: return fmt::format("{}.select({}, {})", in(0), in(1), in(2));
      default: return call(std::string(codegen::name_of(v.op)).c_str());
    }
  }

  /// NaN on either side is the answer.
  static std::string extreme(LoopType type, const std::string& a, const std::string& b, const char* compare) {
    if (type == LoopType::f32) return fmt::format("({0}.{2}({1}) | isnan({0})).select({0}, {1})", a, b, compare);
    return fmt::format("{0}.{2}({1}).select({0}, {1})", a, b, compare);
  }

  static std::string combined(const LoopValue& v, const std::string& a, const std::string& b) {
    switch (v.op) {
      case LoopOp::reduce_sum: return fmt::format("({} + {})", a, b);
      case LoopOp::reduce_product: return fmt::format("({} * {})", a, b);
      case LoopOp::reduce_max: return extreme(v.type, a, b, "gt");
      default: return extreme(v.type, a, b, "lt");
    }
  }

  void store(int depth, const LoopKernel::Store& s, const std::string& width, const char* column) {
    std::string text = ref(s.value, width);
    if (at(s.value).type == LoopType::boolean) text += ".cast[DType.uint8]()";
    line(depth, fmt::format("p{0}.unsafe_store(o{0}{1}, {2})", s.buffer, column, text));
  }

  void elements(const LoopPass& pass, const std::string& width, const char* condition) {
    line(2, condition);
    for (const auto& reload : pass.reloads) {
      const LoopValue& v = at(reload.value);
      std::string text = fmt::format("p{0}.unsafe_load[width={1}](o{0} + c)", reload.buffer, width);
      if (v.type == LoopType::boolean) text += fmt::format(".ne(SIMD[DType.uint8, {}](0))", width);
      line(3, fmt::format("var v{} = {}", reload.value, text));
    }
    for (int v : pass.elements) line(3, fmt::format("var v{} = {}", v, expression(at(v), width)));
    for (int r : pass.reductions) {
      std::string into = fmt::format("{}{}", width == "1" ? "t" : "a", r);
      line(3, fmt::format("{} = {}", into, combined(at(r), into, ref(at(r).in[0], width))));
    }
    for (const auto& s : pass.stores) store(3, s, width, " + c");
    line(3, fmt::format("c += {}", width));
  }

  void add_pass(const LoopPass& pass) {
    for (int v : pass.rows) line(2, fmt::format("var r{} = {}", v, expression(at(v), "")));
    for (const auto& s : pass.row_stores) store(2, s, "", "");
    if (pass.reductions.empty() && pass.stores.empty()) return;
    for (int r : pass.reductions) {
      line(2, fmt::format("var t{} = {}", r, neutral(at(r))));
      line(2, fmt::format("var a{0} = SIMD[{1}, W](t{0})", r, type_of(at(r).type)));
    }
    line(2, first_ ? "var c = c0" : "c = c0");
    first_ = false;
    elements(pass, "W", "while c + W <= c1:");
    elements(pass, "1", "while c < c1:");
    for (int r : pass.reductions) finish(r);
  }

  /// The lanes and the rest of the line, in one.
  void finish(int r) {
    const LoopValue& v = at(r);
    const char* lanes = v.op == LoopOp::reduce_sum       ? "reduce_add"
                        : v.op == LoopOp::reduce_product ? "reduce_mul"
                        : v.op == LoopOp::reduce_max     ? "reduce_max"
                                                         : "reduce_min";
    std::string together = fmt::format("a{}.{}()", r, lanes);
    bool extreme_of_floats = v.type == LoopType::f32 && (v.op == LoopOp::reduce_max || v.op == LoopOp::reduce_min);
    line(2, fmt::format("var r{} = {}", r, combined(v, fmt::format("t{}", r), together)));
    if (!extreme_of_floats) return;
    line(2, fmt::format("if isnan(a{}).reduce_or():", r));
    line(3, fmt::format("r{} = {}", r, number(v.type, std::numeric_limits<double>::quiet_NaN())));
  }

  const LoopKernel& k_;
  size_t index_;
  std::string out_;
  bool first_ = true;
};

}  // namespace

std::string render(std::span<const LoopKernel> kernels) {
  std::string out = kHeader;
  for (size_t k = 0; k < kernels.size(); ++k) out += KernelText(kernels[k], k).run();
  return out;
}

}  // namespace accelerate::mojo
