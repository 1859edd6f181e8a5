#include <algorithm>
#include <map>

#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

bool is_commutative(std::string_view op) {
  static constexpr std::string_view kNames[] = {"add",         "mul",         "maximum",     "minimum",
                                                "equal",       "not_equal",   "logical_and", "logical_or",
                                                "logical_xor", "bitwise_and", "bitwise_or",  "bitwise_xor"};
  return std::find(std::begin(kNames), std::end(kNames), op) != std::end(kNames);
}

bool is_mergeable(const Graph& graph, const Node& node) {
  if (node.op->has_effects) return false;
  return std::none_of(node.results.begin(), node.results.end(), [&](ValueId id) {
    const TensorType& type = graph.type_of(id);
    return type.is_token() ||
           std::any_of(type.shape.begin(), type.shape.end(), [](const Dim& d) { return d.has_unbacked(); });
  });
}

}  // namespace

Pass common_subexpressions() {
  Pass pass;
  pass.name = "common_subexpressions";
  pass.doc = "nodes of one op, attributes and operands are computed once";
  pass.run = [](Patch& patch) {
    const Graph& graph = patch.base();
    std::vector<ValueId> first(graph.num_values());
    for (size_t i = 0; i < first.size(); ++i) first[i] = static_cast<ValueId>(i);
    using Key = std::pair<const OpDef*, std::vector<ValueId>>;
    std::map<Key, std::vector<const Node*>> seen;
    for (const Node& node : graph.nodes()) {
      if (!is_mergeable(graph, node)) continue;
      Key key{node.op, {}};
      for (ValueId id : node.operands) key.second.push_back(first[id]);
      if (is_commutative(node.op->name)) std::sort(key.second.begin(), key.second.end());
      auto& candidates = seen[std::move(key)];
      auto equal = std::find_if(candidates.begin(), candidates.end(), [&](const Node* other) {
        return same(other->attrs, node.attrs) && other->regions == node.regions &&
               graph.type_of(other->results[0]) == graph.type_of(node.results[0]);
      });
      if (equal == candidates.end()) {
        candidates.push_back(&node);
        continue;
      }
      for (size_t r = 0; r < node.results.size(); ++r) {
        first[node.results[r]] = (*equal)->results[r];
        patch.replace(node.results[r], patch.value((*equal)->results[r]));
      }
    }
  };
  return pass;
}

}  // namespace accelerate::passes
