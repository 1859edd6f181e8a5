#include <algorithm>
#include <cmath>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// scale * product of factors.
struct Product {
  double scale = 1;
  std::vector<ValueId> factors;
};

/// Takes mul and division by a literal apart; `stop` stays whole.
void flatten(const GraphIndex& index, ValueId id, std::optional<ValueId> stop, int depth, Product& out) {
  if (auto number = index.uniform(id)) {
    out.scale *= *number;
    return;
  }
  if (id != stop && depth < 8) {
    if (const Node* mul = index.made_by(id, "mul")) {
      for (ValueId operand : mul->operands) flatten(index, operand, stop, depth + 1, out);
      return;
    }
    const Node* div = index.made_by(id, "div");
    auto divisor = div == nullptr ? std::nullopt : index.uniform(div->operands[1]);
    if (divisor && *divisor != 0) {
      out.scale /= *divisor;
      flatten(index, div->operands[0], stop, depth + 1, out);
      return;
    }
  }
  out.factors.push_back(id);
}

Product product_of(const GraphIndex& index, ValueId id, std::optional<ValueId> stop = std::nullopt) {
  Product out;
  flatten(index, id, stop, 0, out);
  return out;
}

bool close(double value, double expected) {
  return std::abs(value - expected) <= 1e-5 * std::abs(expected);
}

/// If the value is 1 + t, t.
std::optional<ValueId> beside_one(const GraphIndex& index, ValueId id) {
  const Node* add = index.made_by(id, "add");
  if (add == nullptr) return std::nullopt;
  for (size_t i = 0; i < 2; ++i)
    if (index.uniform(add->operands[i]) == 1.0) return add->operands[1 - i];
  return std::nullopt;
}

/// Is the value scale * x^power.
bool is_monomial(const GraphIndex& index, ValueId id, ValueId x, double scale, double power) {
  Product product = product_of(index, id, x);
  double exponent = 0;
  for (ValueId factor : product.factors) {
    if (factor == x) {
      exponent += 1;
      continue;
    }
    const Node* square = index.made_by(factor, "square");
    if (square != nullptr && square->operands[0] == x) {
      exponent += 2;
      continue;
    }
    const Node* pow = index.made_by(factor, "pow");
    auto number = pow != nullptr && pow->operands[0] == x ? index.uniform(pow->operands[1]) : std::nullopt;
    if (!number) return false;
    exponent += *number;
  }
  return exponent == power && close(product.scale, scale);
}

/// x, if the value is erf(x / sqrt 2).
std::optional<ValueId> erf_argument(const GraphIndex& index, ValueId id) {
  const Node* erf = index.made_by(id, "erf");
  if (erf == nullptr) return std::nullopt;
  const Node* scaled = index.graph().producer(erf->operands[0]);
  if (scaled == nullptr || scaled->operands.size() != 2) return std::nullopt;
  for (ValueId x : scaled->operands)
    if (!index.uniform(x) && is_monomial(index, erf->operands[0], x, std::sqrt(0.5), 1)) return x;
  return std::nullopt;
}

/// x, if the value is tanh(sqrt(2 / pi) * (x + 0.044715 x^3)).
std::optional<ValueId> tanh_argument(const GraphIndex& index, ValueId id) {
  constexpr double kCubic = 0.044715;
  const Node* tanh = index.made_by(id, "tanh");
  if (tanh == nullptr) return std::nullopt;
  Product product = product_of(index, tanh->operands[0]);
  if (!close(product.scale, 0.79788456080286536)) return std::nullopt;
  if (product.factors.size() == 1) {
    const Node* add = index.made_by(product.factors[0], "add");
    if (add == nullptr) return std::nullopt;
    for (size_t i = 0; i < 2; ++i)
      if (is_monomial(index, add->operands[1 - i], add->operands[i], kCubic, 3)) return add->operands[i];
  }
  // x * (1 + 0.044715 x^2)
  if (product.factors.size() == 2) {
    for (size_t i = 0; i < 2; ++i) {
      auto rest = beside_one(index, product.factors[1 - i]);
      if (rest && is_monomial(index, *rest, product.factors[i], kCubic, 2)) return product.factors[i];
    }
  }
  return std::nullopt;
}

/// 0.5 * x * (1 + erf(x / sqrt 2)), and the form with tanh.
Value gelu(Patch& patch, const GraphIndex& index, const Node& node) {
  ValueId root = node.results[0];
  for (ValueId factor : product_of(index, root).factors) {
    auto gate = beside_one(index, factor);
    if (!gate) continue;
    bool exact = true;
    auto x = erf_argument(index, *gate);
    if (!x) {
      exact = false;
      x = tanh_argument(index, *gate);
    }
    if (!x || !(index.type(*x) == index.type(root))) continue;
    Product whole = product_of(index, root, *x);
    std::vector<ValueId> expected = {*x, factor};
    if (close(whole.scale, 0.5) &&
        std::is_permutation(whole.factors.begin(), whole.factors.end(), expected.begin(), expected.end()))
      return ops::gelu(patch.value(*x), exact ? "none" : "tanh");
  }
  return {};
}

Value gated(Patch& patch, const GraphIndex& index, const Node& node) {
  for (size_t i = 0; i < 2; ++i) {
    ValueId x = node.operands[i];
    if (!(index.type(x) == index.type(node.results[0]))) continue;
    if (const Node* sigmoid = index.made_by(node.operands[1 - i], "sigmoid")) {
      if (sigmoid->operands[0] == x) return ops::silu(patch.value(x));
      if (is_monomial(index, sigmoid->operands[0], x, 1.702, 1)) return ops::quick_gelu(patch.value(x));
    }
    const Node* hard = index.made_by(node.operands[1 - i], "hard_sigmoid");
    if (hard != nullptr && hard->operands[0] == x) return ops::hard_swish(patch.value(x));
  }
  return {};
}

Value bounded(Patch& patch, const GraphIndex& index, const Node& node) {
  bool lower = node.op->name == "maximum";
  for (size_t i = 0; i < 2; ++i) {
    auto bound = index.uniform(node.operands[i]);
    ValueId x = node.operands[1 - i];
    if (!bound || std::isnan(*bound) || !(index.type(x) == index.type(node.results[0]))) continue;
    if (lower && *bound == 0) return ops::relu(patch.value(x));
    if (lower) continue;
    // minimum(maximum(x, low), high)
    if (const Node* relu = index.made_by(x, "relu"); relu != nullptr && *bound >= 0)
      return ops::clamp(patch.value(relu->operands[0]), 0, *bound);
    if (const Node* inner = index.made_by(x, "maximum")) {
      for (size_t k = 0; k < 2; ++k) {
        auto low = index.uniform(inner->operands[k]);
        if (low && *low <= *bound && index.type(inner->operands[1 - k]) == index.type(node.results[0]))
          return ops::clamp(patch.value(inner->operands[1 - k]), *low, *bound);
      }
    }
  }
  return {};
}

}  // namespace

Pass recognize_activations() {
  Pass pass;
  pass.name = "recognize_activations";
  pass.doc = "gelu (exact and tanh), silu, quick_gelu, hard_swish, relu and clamp written in simpler ops";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) -> Value {
      const std::string& op = node.op->name;
      DType dtype = index.type(node.results[0]).dtype;
      if (dtype != DType::f32 && dtype != DType::f64) return {};  // lower types round between the simpler ops
      if (op == "maximum" || op == "minimum") return bounded(patch, index, node);
      if (op != "mul" && op != "div") return {};
      if (Value out = gelu(patch, index, node)) return out;
      return op == "mul" ? gated(patch, index, node) : Value();
    });
  };
  return pass;
}

}  // namespace accelerate::passes
