#include "tasks/graph_edit.h"

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

Graph select_outputs(const Graph& base, const std::vector<std::string>& names, const std::string& task) {
  return with_outputs(base, [&](Graph& graph, const NamedValues&, const NamedValues& outputs) {
    for (const std::string& name : names) {
      const auto found = outputs.find(name);
      if (found == outputs.end()) {
        std::string list;
        for (const auto& [known, value] : outputs) list += (list.empty() ? "" : ", ") + known;
        fail(ErrorCode::unsupported_task, "{} needs the output '{}' of the model, which has: {}", task, name, list);
      }
      graph.output(found->second, name);
    }
  });
}

}  // namespace accelerate::tasks
