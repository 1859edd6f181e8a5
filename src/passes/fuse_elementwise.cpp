#include <algorithm>
#include <set>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

constexpr size_t kMaxNodes = 32;
constexpr size_t kMaxOperands = 12;

bool is_group_type(DType dtype) {
  return dtype == DType::f32 || dtype == DType::boolean || dtype == DType::i32 || dtype == DType::i64;
}

/// Elementwise on f32, bool, i32 and i64; a cast may also read another type (at the rim of a group, where its operand
/// comes in). Lower-precision floats would lose the rounding between ops.
bool fits(const GraphIndex& index, const Node& node) {
  if (!node.op->is_elementwise || node.op->has_effects || node.results.size() != 1 || !node.regions.empty())
    return false;
  if (index.is_constant(node.results[0]) || !is_group_type(index.type(node.results[0]).dtype)) return false;
  return std::all_of(node.operands.begin(), node.operands.end(), [&](ValueId id) {
    const TensorType& type = index.type(id);
    return type.encoding.plain() && (is_group_type(type.dtype) ||
                                     (node.op->name == "cast" && type.dtype != DType::f64 && type.dtype != DType::c64));
  });
}

class Group {
 public:
  Group(const GraphIndex& index, const Node& root) : index_(index), root_(index.type(root.results[0])) { add(root); }

  /// Takes in producers while it can.
  void grow(const std::set<int>& taken) {
    for (bool changed = true; changed;) {
      changed = false;
      for (ValueId id : operands()) {
        const Node* node = index_.graph().producer(id);
        if (node == nullptr || taken.contains(index_.index_of(*node)) || !accepts(*node)) continue;
        add(*node);
        if (operands().size() <= kMaxOperands) {
          changed = true;
          break;
        }
        nodes_.erase(index_.index_of(*node));
      }
    }
  }

  const std::set<int>& nodes() const { return nodes_; }

  /// Values from outside, in order of first use.
  std::vector<ValueId> operands() const {
    std::vector<ValueId> out;
    for (int n : nodes_)
      for (ValueId id : index_.graph().nodes()[static_cast<size_t>(n)].operands)
        if (!is_inside(id) && std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
    return out;
  }

 private:
  void add(const Node& node) { nodes_.insert(index_.index_of(node)); }
  bool is_inside(ValueId id) const { return nodes_.contains(index_.graph().producer_index(id)); }

  bool accepts(const Node& node) const {
    ValueId id = node.results[0];
    if (nodes_.size() >= kMaxNodes || !fits(index_, node) || index_.shape(id) != root_.shape || index_.is_output(id))
      return false;
    return std::all_of(index_.users(id).begin(), index_.users(id).end(),
                       [&](int user) { return nodes_.contains(user); });
  }

  const GraphIndex& index_;
  const TensorType& root_;
  std::set<int> nodes_;  // indices, in execution order
};

/// The group as a graph of its operands.
std::shared_ptr<const Graph> region_of(const GraphIndex& index, const Group& group,
                                       const std::vector<ValueId>& operands) {
  const Graph& graph = index.graph();
  auto region = std::make_shared<Graph>("fused");
  std::vector<Value> inside(graph.num_values());
  for (size_t i = 0; i < operands.size(); ++i)
    inside[operands[i]] = region->add_input("x" + std::to_string(i), index.type(operands[i]));
  Value last;
  for (int n : group.nodes()) {
    const Node& node = graph.nodes()[static_cast<size_t>(n)];
    std::vector<Value> values;
    for (ValueId id : node.operands) values.push_back(inside[id]);
    last = copy_node(*region, node, values).at(0);
    inside[node.results[0]] = last;
  }
  region->output(last, "y");
  return region;
}

}  // namespace

Pass fuse_elementwise() {
  Pass pass;
  pass.name = "fuse_elementwise";
  pass.doc = "elementwise nodes on f32, bool, i32 and i64 that only feed each other become one fused_elementwise";
  pass.max_rounds = 1;
  pass.run = [](Patch& patch) {
    const Graph& graph = patch.base();
    GraphIndex index(graph);
    std::set<int> taken;
    for (size_t n = graph.nodes().size(); n-- > 0;) {
      const Node& root = graph.nodes()[n];
      if (taken.contains(static_cast<int>(n)) || !fits(index, root)) continue;
      Group group(index, root);
      group.grow(taken);
      taken.insert(group.nodes().begin(), group.nodes().end());
      if (group.nodes().size() < 2) continue;
      auto operands = group.operands();
      std::vector<Value> values;
      for (ValueId id : operands) values.push_back(patch.value(id));
      patch.set_location(root.location);
      patch.replace(root.results[0], ops::fused_elementwise(values, region_of(index, group, operands)).at(0));
    }
  };
  return pass;
}

}  // namespace accelerate::passes
