#include "runtime/regions.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "ops/registry.h"

namespace accelerate {
namespace {

/// Constants up to so many elements that come from no file stand in the graph itself.
constexpr int64_t kInlineElements = 64;

}  // namespace

RegionGraph cut_region(const Graph& plan, const std::vector<int>& nodes, const ConstantValues& constants) {
  RegionGraph out;
  out.graph = Graph("region");
  auto weights = std::make_shared<MemoryWeights>();
  std::set<int> inside(nodes.begin(), nodes.end());
  std::unordered_map<ValueId, Value> made;

  auto is_inside = [&](ValueId id) { return inside.contains(plan.producer_index(id)); };
  for (int n : nodes) {
    for (ValueId id : plan.nodes()[static_cast<size_t>(n)].operands) {
      if (made.contains(id) || is_inside(id) || constants.is_constant(id)) continue;
      made[id] = out.graph.add_input("x" + std::to_string(out.inputs.size()), plan.type_of(id));
      out.inputs.push_back(id);
    }
  }
  auto constant = [&](ValueId id) {
    Tensor value = constants.value_of(id);
    if (value.num_elements() <= kInlineElements && !constants.from_file(id))
      return out.graph.add1(ops::registry().get("constant"), {}, {{"value", value}});
    std::string name = "w" + std::to_string(weights->names().size());
    const TensorType& type = plan.type_of(id);
    Attrs attrs{{"name", name}, {"dtype", type.dtype}, {"shape", type.shape}};
    if (!type.encoding.plain()) attrs.set("encoding", type.encoding.to_string());
    weights->add(std::move(name), std::move(value));
    return out.graph.add1(ops::registry().get("weight"), {}, std::move(attrs));
  };
  for (int n : nodes) {
    const Node& node = plan.nodes()[static_cast<size_t>(n)];
    std::vector<Value> operands;
    for (ValueId id : node.operands) {
      if (!made.contains(id)) made[id] = constant(id);
      operands.push_back(made[id]);
    }
    auto results = copy_node(out.graph, node, operands);
    for (size_t r = 0; r < results.size(); ++r) made[node.results[r]] = results[r];
  }
  auto users = plan.users();
  auto outputs = plan.output_mask();
  for (int n : nodes) {
    for (ValueId id : plan.nodes()[static_cast<size_t>(n)].results) {
      bool read = outputs[id] ||
                  std::any_of(users[id].begin(), users[id].end(), [&](int user) { return !inside.contains(user); });
      if (!read) continue;
      out.graph.output(made[id], "y" + std::to_string(out.outputs.size()));
      out.outputs.push_back(id);
    }
  }
  out.constants = std::move(weights);
  return out;
}

}  // namespace accelerate
