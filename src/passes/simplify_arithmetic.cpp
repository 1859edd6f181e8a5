#include <cmath>

#include "accelerate/ops.h"
#include "ops/support.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// One node's simplification: what replaces it, or nothing.
class Simplifier {
 public:
  Simplifier(Patch& patch, const GraphIndex& index, const Node& node)
      : patch_(patch), index_(index), node_(node), type_(index.type(node.results[0])) {}

  Value run() {
    if (type_.is_token()) return {};
    if (Value out = neutral_element()) return out;
    if (Value out = involution()) return out;
    if (Value out = merged_factors()) return out;
    if (Value out = power()) return out;
    if (Value out = selection()) return out;
    return without_expand();
  }

 private:
  const std::string& op() const { return node_.op->name; }
  Value operand(size_t i) { return patch_.value(node_.operands[i]); }
  std::optional<double> number(size_t i) const { return index_.uniform(node_.operands[i]); }
  /// Operand i, if it may stand for the result.
  Value kept(size_t i) { return index_.type(node_.operands[i]) == type_ ? operand(i) : Value(); }

  /// x + 0, x - 0, x * 1, x / 1, x ^ 1.
  Value neutral_element() {
    bool sum = op() == "add";
    bool product = op() == "mul";
    if (sum || op() == "sub") {
      if (number(1) == 0.0) return kept(0);
      if (sum && number(0) == 0.0) return kept(1);
    }
    if (product || op() == "div" || op() == "pow") {
      if (number(1) == 1.0) return kept(0);
      if (product && number(0) == 1.0) return kept(1);
    }
    if (op() == "logical_and" || op() == "logical_or") {
      double neutral = op() == "logical_and" ? 1.0 : 0.0;
      for (size_t i = 0; i < 2; ++i)
        if (number(i) == neutral && type_.dtype == index_.type(node_.operands[1 - i]).dtype)
          if (Value out = kept(1 - i)) return out;
    }
    return {};
  }

  /// f(f(x)) = x, or f(f(x)) = f(x).
  Value involution() {
    if (node_.operands.size() != 1) return {};
    const Node* inner = index_.made_by(node_.operands[0], op());
    if (inner == nullptr) return {};
    if (op() == "neg" || (op() == "logical_not" && index_.type(inner->operands[0]) == type_) || op() == "bitwise_not")
      return patch_.value(inner->operands[0]);
    if (op() == "abs" || op() == "relu" || op() == "floor" || op() == "ceil" || op() == "round" || op() == "trunc" ||
        op() == "sign")
      return operand(0);
    return {};
  }

  /// (x * a) * b = x * ab, (x + a) + b = x + (a + b), x / a = x * (1 / a) where that is exact; f32 and f64.
  Value merged_factors() {
    if (type_.dtype != DType::f32 && type_.dtype != DType::f64) return {};
    if (op() == "div") {
      auto divisor = number(1);
      if (!divisor || *divisor == 0 || !std::isfinite(*divisor)) return {};
      int exponent = 0;
      bool exact = std::abs(std::frexp(*divisor, &exponent)) == 0.5 && std::abs(exponent) < 100;
      if (exact && index_.type(node_.operands[0]) == type_)
        return ops::mul(operand(0), ops::scalar(patch_, type_.dtype, 1.0 / *divisor));
      return {};
    }
    bool sum = op() == "add";
    if (!sum && op() != "mul") return {};
    for (size_t i = 0; i < 2; ++i) {
      auto outer = number(i);
      const Node* inner = index_.made_by(node_.operands[1 - i], op());
      if (!outer || inner == nullptr) continue;
      for (size_t k = 0; k < 2; ++k) {
        auto factor = index_.uniform(inner->operands[k]);
        if (!factor || !(index_.type(inner->operands[1 - k]) == type_)) continue;
        double merged = sum ? *outer + *factor : *outer * *factor;
        if (!std::isfinite(merged) || (!sum && std::abs(merged) < 1e-30)) continue;
        Value x = patch_.value(inner->operands[1 - k]);
        Value c = ops::scalar(patch_, type_.dtype, merged);
        return sum ? ops::add(x, c) : ops::mul(x, c);
      }
    }
    return {};
  }

  /// x ^ 2, x * x, x ^ -1.
  Value power() {
    if (op() == "mul" && node_.operands[0] == node_.operands[1] && type_.dtype != DType::boolean)
      return ops::square(operand(0));
    if (op() != "pow" || !(index_.type(node_.operands[0]) == type_)) return {};
    if (number(1) == 2.0) return ops::square(operand(0));
    if (number(1) == -1.0 && is_float(type_.dtype)) return ops::reciprocal(operand(0));
    return {};
  }

  Value selection() {
    if (op() != "where") return {};
    if (node_.operands[1] == node_.operands[2]) return kept(1);
    auto condition = number(0);
    if (!condition) return {};
    size_t chosen = *condition != 0 ? 1 : 2;
    if (Value out = kept(chosen)) return out;
    return ops::expand(operand(chosen), type_.shape);
  }

  /// Elementwise ops broadcast their operands: an expand before one goes if the others give the same shape.
  Value without_expand() {
    if (!node_.op->is_elementwise || node_.operands.size() < 2) return {};
    std::vector<Value> operands;
    bool changed = false;
    for (ValueId id : node_.operands) {
      const Node* expand = index_.made_by(id, "expand");
      changed |= expand != nullptr;
      operands.push_back(patch_.value(expand != nullptr ? expand->operands[0] : id));
    }
    if (!changed) return {};
    Shape shape;
    for (const Value& v : operands) {
      if (!compatible(shape, v.shape())) return {};
      shape = ops::broadcast(shape, v.shape());
    }
    if (shape != type_.shape) return {};
    return patch_.add(*node_.op, operands, node_.attrs).at(0);
  }

  /// Can the shapes be broadcast without a guess about symbols.
  static bool compatible(const Shape& a, const Shape& b) {
    for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
      const Dim& x = a[a.size() - i];
      const Dim& y = b[b.size() - i];
      if (x != y && x != Dim(1) && y != Dim(1)) return false;
    }
    return true;
  }

  Patch& patch_;
  const GraphIndex& index_;
  const Node& node_;
  const TensorType& type_;
};

}  // namespace

Pass simplify_arithmetic() {
  Pass pass;
  pass.name = "simplify_arithmetic";
  pass.doc =
      "x + 0, x * 1, x / 2^n, x ^ 2, double negation, chains of literal factors, where of a literal, expand before "
      "broadcasting";
  pass.max_rounds = 16;
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch,
                  [&](const GraphIndex& index, const Node& node) { return Simplifier(patch, index, node).run(); });
  };
  return pass;
}

}  // namespace accelerate::passes
