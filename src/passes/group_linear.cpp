#include <map>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

constexpr size_t kMaxGroup = 8;
// Results of a group live from its place on: what is used much later stays by itself.
constexpr int kMaxDistance = 64;

struct Key {
  ValueId x;
  DType weight;
  bool has_bias;
  auto operator<=>(const Key&) const = default;
};

}  // namespace

Pass group_linear() {
  Pass pass;
  pass.name = "group_linear";
  pass.doc =
      "linear nodes near each other that read the same value (such as query, key and value) become one "
      "fused_linear_group";
  pass.run = [](Patch& patch) {
    GraphIndex index(patch.base());
    std::map<Key, std::vector<const Node*>> open;
    auto close = [&](std::vector<const Node*>& group) {
      if (group.size() >= 2) {
        std::vector<Value> weights;
        std::vector<Value> biases;
        for (const Node* node : group) {
          weights.push_back(patch.value(node->operands[1]));
          if (node->operands.size() == 3) biases.push_back(patch.value(node->operands[2]));
        }
        patch.set_location(group.front()->location);
        auto results = ops::fused_linear_group(patch.value(group.front()->operands[0]), weights, biases);
        for (size_t i = 0; i < group.size(); ++i) patch.replace(group[i]->results[0], results[i]);
      }
      group.clear();
    };
    for (const Node& node : patch.base().nodes()) {
      if (node.op->name != "linear" || index.is_constant(node.results[0])) continue;
      bool constant = true;
      for (size_t i = 1; i < node.operands.size(); ++i) constant &= index.is_constant(node.operands[i]);
      if (!constant) continue;
      auto& group = open[{node.operands[0], index.type(node.operands[1]).dtype, node.operands.size() == 3}];
      if (!group.empty() &&
          (group.size() == kMaxGroup || index.index_of(node) - index.index_of(*group.front()) > kMaxDistance))
        close(group);
      group.push_back(&node);
    }
    for (auto& [key, group] : open) close(group);
  };
  return pass;
}

}  // namespace accelerate::passes
