#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// Is the node a reduction over the last axis only that keeps it with extent 1.
bool keeps_last_axis(const GraphIndex& index, const Node& node) {
  int64_t last = index.type(node.operands[0]).rank() - 1;
  return node.attrs.boolean("keepdims") && node.attrs.integers("axes") == std::vector<int64_t>{last};
}

/// x, if the value is x minus its mean over the last axis.
std::optional<ValueId> centred(const GraphIndex& index, ValueId id) {
  const Node* sub = index.made_by(id, "sub");
  const Node* mean = sub == nullptr ? nullptr : index.made_by(sub->operands[1], "reduce_mean");
  if (mean == nullptr || mean->operands[0] != sub->operands[0] || !keeps_last_axis(index, *mean)) return std::nullopt;
  return sub->operands[0];
}

/// What is under the root of the divisor: mean square (or variance) of `of`, plus eps.
struct Spread {
  ValueId of = 0;
  bool is_variance = false;
  double eps = 0;
};

std::optional<Spread> spread_of(const GraphIndex& index, ValueId id) {
  const Node* add = index.made_by(id, "add");
  for (size_t i = 0; add != nullptr && i < 2; ++i) {
    auto eps = index.uniform(add->operands[i]);
    if (!eps || !(*eps >= 0)) continue;
    ValueId mean = add->operands[1 - i];
    if (const Node* variance = index.made_by(mean, "variance");
        variance != nullptr && variance->attrs.integer("correction") == 0 && keeps_last_axis(index, *variance))
      return Spread{variance->operands[0], true, *eps};
    const Node* reduce = index.made_by(mean, "reduce_mean");
    const Node* square =
        reduce == nullptr || !keeps_last_axis(index, *reduce) ? nullptr : index.made_by(reduce->operands[0], "square");
    if (square != nullptr) return Spread{square->operands[0], false, *eps};
  }
  return std::nullopt;
}

/// a * b with b = 1 / sqrt(spread), in any of the ways to write it.
std::optional<std::pair<ValueId, Spread>> normalised(const GraphIndex& index, const Node& node) {
  auto found = [&](ValueId a, const Node* root) -> std::optional<std::pair<ValueId, Spread>> {
    if (root == nullptr) return std::nullopt;
    auto spread = spread_of(index, root->operands[0]);
    if (!spread) return std::nullopt;
    return std::pair(a, *spread);
  };
  if (node.op->name == "div") return found(node.operands[0], index.made_by(node.operands[1], "sqrt"));
  for (size_t i = 0; i < 2; ++i) {
    ValueId a = node.operands[1 - i];
    if (auto out = found(a, index.made_by(node.operands[i], "rsqrt"))) return out;
    if (const Node* reciprocal = index.made_by(node.operands[i], "reciprocal"))
      if (auto out = found(a, index.made_by(reciprocal->operands[0], "sqrt"))) return out;
  }
  return std::nullopt;
}

/// The plain norm, without gain and offset.
Value core(Patch& patch, const GraphIndex& index, const Node& node) {
  auto match = normalised(index, node);
  if (!match) return {};
  const auto& [numerator, spread] = *match;
  if (!(index.type(numerator) == index.type(node.results[0]))) return {};
  auto x = centred(index, numerator);
  // Variance and mean square are those of the centred values, whatever they are written as.
  bool same_centre = x && (spread.of == numerator || (spread.is_variance && spread.of == *x));
  if (same_centre) return ops::layer_norm(patch.value(*x), {}, {}, spread.eps);
  if (!spread.is_variance && spread.of == numerator) return ops::rms_norm(patch.value(numerator), {}, spread.eps);
  return {};
}

/// A constant gain or offset after a norm that has none yet.
Value affine(Patch& patch, const GraphIndex& index, const Node& node) {
  bool gain = node.op->name == "mul";
  for (size_t i = 0; i < 2; ++i) {
    ValueId norm_id = node.operands[i];
    ValueId row = node.operands[1 - i];
    const Node* norm = index.made_by(norm_id, "layer_norm");
    if (norm == nullptr && gain) norm = index.made_by(norm_id, "rms_norm");
    if (norm == nullptr || index.sole_user(norm_id) != &node || norm->operands.size() != (gain ? 1U : 2U)) continue;
    if (!index.is_constant(row) || index.shape(row) != Shape{index.shape(norm_id).back()}) continue;
    Value x = patch.value(norm->operands[0]);
    double eps = norm->attrs.number("eps");
    if (norm->op->name == "rms_norm") return ops::rms_norm(x, patch.value(row), eps);
    return gain ? ops::layer_norm(x, patch.value(row), {}, eps)
                : ops::layer_norm(x, patch.value(norm->operands[1]), patch.value(row), eps);
  }
  return {};
}

}  // namespace

Pass recognize_norms() {
  Pass pass;
  pass.name = "recognize_norms";
  pass.doc = "layer_norm and rms_norm over the last axis written in simpler ops, with their gain and offset";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) -> Value {
      const std::string& op = node.op->name;
      DType dtype = index.type(node.results[0]).dtype;
      if (dtype != DType::f32 && dtype != DType::f64) return {};
      if (op == "mul" || op == "div")
        if (Value out = core(patch, index, node)) return out;
      return op == "mul" || op == "add" ? affine(patch, index, node) : Value();
    });
  };
  return pass;
}

}  // namespace accelerate::passes
