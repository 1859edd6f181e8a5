#include "tasks/graph_edit.h"

#include <algorithm>

#include "accelerate/ops.h"
#include "base/error.h"
#include "ops/rules.h"

namespace accelerate::tasks {

Graph with_outputs(
    const Graph& base,
    const std::function<void(Graph&, const NamedValues& inputs, const NamedValues& outputs)>& add_outputs) {
  Graph graph(base.name());
  std::vector<Value> operands;
  NamedValues inputs;
  for (size_t i = 0; i < base.inputs().size(); ++i) {
    operands.push_back(graph.add_input(base.input_name(i), base.type_of(base.inputs()[i])));
    inputs.emplace(base.input_name(i), operands.back());
  }
  const std::vector<Value> values = ops::inline_region(graph, base, operands);
  NamedValues outputs;
  for (size_t i = 0; i < values.size(); ++i) outputs.emplace(base.outputs()[i].name, values[i]);
  graph.set_location("");
  add_outputs(graph, inputs, outputs);
  return graph;
}

Graph without_unused(const Graph& graph) {
  std::vector<bool> needed(graph.num_values(), false);
  for (const Graph::Output& output : graph.outputs()) needed[output.value] = true;
  for (size_t n = graph.nodes().size(); n-- > 0;) {
    const Node& node = graph.nodes()[n];
    const bool used = node.op->has_effects ||
                      std::any_of(node.results.begin(), node.results.end(), [&](ValueId id) { return needed[id]; });
    if (!used) continue;
    for (const ValueId id : node.operands) needed[id] = true;
    for (const ValueId id : node.results) needed[id] = true;
  }
  Graph out(graph.name());
  std::vector<Value> values(graph.num_values());
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const ValueId id = graph.inputs()[i];
    if (needed[id]) values[id] = out.add_input(graph.input_name(i), graph.type_of(id));
  }
  for (const Node& node : graph.nodes()) {
    if (!std::any_of(node.results.begin(), node.results.end(), [&](ValueId id) { return needed[id]; })) continue;
    std::vector<Value> operands;
    for (const ValueId id : node.operands) operands.push_back(values[id]);
    const std::vector<Value> results = copy_node(out, node, operands);
    for (size_t r = 0; r < results.size(); ++r) values[node.results[r]] = results[r];
  }
  for (const Graph::Output& output : graph.outputs()) out.output(values[output.value], output.name);
  return out;
}

Value at_positions(Value x, Value index) {
  Builder& builder = *x.builder;
  const Node* producer = builder.producer(x.id);
  const bool apart = producer != nullptr && producer->regions.empty() && x.rank() == 3 &&
                     (producer->op->name == "linear" || producer->op->name == "layer_norm" ||
                      (producer->op->is_elementwise && producer->operands.size() == 1));
  if (!apart) return ops::gather_nd(x, index);
  const Node node = *producer;  // adding nodes may move the one that it points to
  std::vector<Value> operands;
  for (const ValueId id : node.operands) operands.push_back({&builder, id});
  operands[0] = at_positions(operands[0], index);
  return copy_node(builder, node, operands).front();
}

Graph select_outputs(const Graph& base, const std::vector<std::string>& names, const std::string& task) {
  return without_unused(with_outputs(base, [&](Graph& graph, const NamedValues&, const NamedValues& outputs) {
    for (const std::string& name : names) {
      const auto found = outputs.find(name);
      if (found == outputs.end()) {
        std::string list;
        for (const auto& [known, value] : outputs) list += (list.empty() ? "" : ", ") + known;
        fail(ErrorCode::unsupported_task, "{} needs the output '{}' of the model, which has: {}", task, name, list);
      }
      graph.output(found->second, name);
    }
  }));
}

}  // namespace accelerate::tasks
