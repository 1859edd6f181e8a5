#include <algorithm>

#include "accelerate/ops.h"
#include "ops/evaluate.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

// Literals stay small: they are part of the graph's text. What depends on weights is evaluated once, when a model is
// loaded.
constexpr int64_t kMaxElements = 256;
// Broadcasting a literal is free for its users, so that writing it out only pays for a few elements.
constexpr int64_t kMaxBroadcastElements = 16;

bool foldable(const GraphIndex& index, const Node& node) {
  const std::string& op = node.op->name;
  if (node.op->has_effects || !node.op->reference || !node.regions.empty() || op == "constant") return false;
  bool broadcasts = op == "expand" || op == "full" || op == "tile";
  for (ValueId id : node.results) {
    if (!index.is_constant(id) || !index.type(id).encoding.plain()) return false;
    auto count = num_elements(index.shape(id)).constant();
    if (!count || *count > (broadcasts ? kMaxBroadcastElements : kMaxElements)) return false;
  }
  return std::all_of(node.operands.begin(), node.operands.end(),
                     [&](ValueId id) { return index.literal(id) != nullptr; });
}

}  // namespace

Pass constant_folding() {
  Pass pass;
  pass.name = "constant_folding";
  pass.doc = "nodes that read literals only become literals, up to 256 elements";
  pass.max_rounds = 64;
  pass.run = [](Patch& patch) {
    GraphIndex index(patch.base());
    for (const Node& node : patch.base().nodes()) {
      if (!foldable(index, node)) continue;
      std::vector<Tensor> operands;
      for (ValueId id : node.operands) operands.push_back(*index.literal(id));
      std::vector<Tensor> results;
      try {
        DimBindings none;
        results = ops::evaluate_node(patch.base(), node, operands, none, nullptr);
      } catch (const Error&) {
        continue;  // it fails when it runs, with its location
      }
      patch.set_location(node.location);
      for (size_t r = 0; r < results.size(); ++r)
        patch.replace(node.results[r], ops::constant(patch, results[r].clone()));
    }
  };
  return pass;
}

}  // namespace accelerate::passes
