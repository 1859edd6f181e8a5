#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

const std::vector<int64_t> kSwap = {0, 2, 1, 3};

Value position_major(Patch& patch, const GraphIndex& index, const Node& node) {
  if (node.op->name != "scaled_dot_product_attention" || node.attrs.string("layout") != "BHTD") return {};
  auto swapped = [&](ValueId id) {
    const Node* transpose = index.made_by(id, "transpose");
    return is_permutation(transpose, kSwap) ? transpose : nullptr;
  };
  // Each transpose at the border goes, each missing one comes: worth it if more go.
  int gone = 0;
  int come = 0;
  std::vector<Value> operands;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    Value operand = patch.value(node.operands[i]);
    if (i < 3) {
      const Node* transpose = swapped(node.operands[i]);
      (transpose != nullptr ? gone : come) += 1;
      operand = transpose != nullptr ? patch.value(transpose->operands[0]) : ops::transpose(operand, kSwap);
    }
    operands.push_back(operand);
  }
  const Node* user = index.sole_user(node.results[0]);
  (user != nullptr && is_permutation(user, kSwap) ? gone : come) += 1;
  if (gone <= come) return {};
  Attrs attrs = node.attrs;
  attrs.set("layout", std::string("BTHD"));
  Value out = patch.add(*node.op, operands, std::move(attrs)).at(0);
  // The transpose behind it meets this one and both go.
  return ops::transpose(out, kSwap);
}

}  // namespace

Pass attention_layout() {
  Pass pass;
  pass.name = "attention_layout";
  pass.doc = "attention between transposes [0, 2, 1, 3] reads and writes [batch, position, head, size] without them";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return position_major(patch, index, node); });
  };
  return pass;
}

}  // namespace accelerate::passes
