#include <algorithm>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

bool all_zero(const Shape& dims) {
  return std::all_of(dims.begin(), dims.end(), [](const Dim& d) { return d == Dim(0); });
}

Value transposed(Patch& patch, const GraphIndex& index, const Node& node) {
  const auto& outer = node.attrs.integers("permutation");
  ValueId x = node.operands[0];
  if (std::is_sorted(outer.begin(), outer.end())) return patch.value(x);
  if (const Node* inner = index.made_by(x, "transpose")) {
    const auto& first = inner->attrs.integers("permutation");
    std::vector<int64_t> merged;
    for (int64_t axis : outer) merged.push_back(first[static_cast<size_t>(axis)]);
    Value source = patch.value(inner->operands[0]);
    return std::is_sorted(merged.begin(), merged.end()) ? source : ops::transpose(source, merged);
  }
  // Axes of more than one element keep their order: nothing moves in memory.
  std::vector<int64_t> moved;
  for (int64_t axis : outer)
    if (index.shape(x)[static_cast<size_t>(axis)] != Dim(1)) moved.push_back(axis);
  if (std::is_sorted(moved.begin(), moved.end()) && index.type(x).encoding.plain())
    return ops::reshape(patch.value(x), index.shape(node.results[0]));
  return {};
}

/// The operand of a node that changes nothing, for ops whose attributes may say so.
bool is_identity(const GraphIndex& index, const Node& node) {
  const std::string& op = node.op->name;
  if (op == "reshape" || op == "expand") return index.type(node.operands[0]) == index.type(node.results[0]);
  if (op == "concat" || op == "split") return node.operands.size() == 1 && node.results.size() == 1;
  if (op == "slice") {
    auto axis = static_cast<size_t>(node.attrs.integer("axis"));
    return node.attrs.dims("start").at(0) == Dim(0) &&
           node.attrs.dims("end").at(0) == index.shape(node.operands[0])[axis] && node.attrs.integer("step") == 1;
  }
  if (op == "pad") return all_zero(node.attrs.dims("begin")) && all_zero(node.attrs.dims("end"));
  return false;
}

/// The first positions of a range, perhaps with axes of 1 around it, are a shorter range.
Value first_positions(Patch& patch, const GraphIndex& index, const Node& node) {
  if (node.attrs.dims("start").at(0) != Dim(0) || node.attrs.integer("step") != 1) return {};
  const Node* inner = index.made_by(node.operands[0], "reshape");
  const Node* range = index.made_by(inner == nullptr ? node.operands[0] : inner->operands[0], "iota");
  if (range == nullptr) return {};
  auto axis = static_cast<size_t>(node.attrs.integer("axis"));
  const Shape& shape = index.shape(node.operands[0]);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != (i == axis ? range->attrs.dims("length").at(0) : Dim(1))) return {};
  Value shorter = ops::iota(patch, index.type(node.results[0]).dtype, node.attrs.dims("end").at(0));
  return ops::reshape(shorter, index.shape(node.results[0]));
}

Value simplify(Patch& patch, const GraphIndex& index, const Node& node) {
  const std::string& op = node.op->name;
  if (node.operands.empty() || index.type(node.results[0]).is_token()) return {};
  ValueId x = node.operands[0];
  if (is_identity(index, node) && index.type(x).dtype == index.type(node.results[0]).dtype) return patch.value(x);
  if (op == "transpose") return transposed(patch, index, node);
  if (op == "slice")
    if (Value range = first_positions(patch, index, node)) return range;
  if (op == "reshape") {
    if (const Node* inner = index.made_by(x, "reshape"))
      return ops::reshape(patch.value(inner->operands[0]), index.shape(node.results[0]));
  }
  if (op == "expand") {
    if (const Node* inner = index.made_by(x, "expand"))
      return ops::expand(patch.value(inner->operands[0]), index.shape(node.results[0]));
  }
  if (op == "slice") {
    // Part of a concatenation that is one of its operands.
    const Node* joined = index.made_by(x, "concat");
    if (joined == nullptr || joined->attrs.integer("axis") != node.attrs.integer("axis") ||
        node.attrs.integer("step") != 1)
      return {};
    auto axis = static_cast<size_t>(node.attrs.integer("axis"));
    Dim start = 0;
    for (ValueId part : joined->operands) {
      Dim end = start + index.shape(part)[axis];
      if (start == node.attrs.dims("start").at(0) && end == node.attrs.dims("end").at(0) &&
          index.type(part) == index.type(node.results[0]))
        return patch.value(part);
      start = end;
    }
  }
  return {};
}

}  // namespace

Pass simplify_movement() {
  Pass pass;
  pass.name = "simplify_movement";
  pass.doc =
      "transposes and reshapes of each other merge; transpose, reshape, expand, slice, concat, split and pad that "
      "change nothing go";
  pass.max_rounds = 32;
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return simplify(patch, index, node); });
  };
  return pass;
}

}  // namespace accelerate::passes
