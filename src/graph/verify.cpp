#include <algorithm>
#include <set>

#include "graph/graph.h"

namespace accelerate {
namespace {

void collect(const Shape& shape, std::vector<std::string>& out) {
  for (const Dim& dim : shape) dim.collect_symbols(out);
}

void require_known(const Shape& shape, const std::set<std::string>& known, std::string_view what) {
  std::vector<std::string> used;
  collect(shape, used);
  for (const std::string& name : used) {
    if (!known.contains(name))
      fail(ErrorCode::invalid_graph, "dim \"{}\" of {} is defined by no input and no earlier node", name, what);
  }
}

void verify_graph(const Graph& graph, const std::set<std::string>& outer, int depth) {
  if (depth > 16) fail(ErrorCode::invalid_graph, "regions nest deeper than 16");
  std::set<std::string> known = outer;
  std::vector<bool> defined(graph.num_values(), false);
  std::vector<int> token_uses(graph.num_values(), 0);
  auto define = [&](ValueId id) {
    if (id >= graph.num_values() || defined[id])
      fail(ErrorCode::invalid_graph, "value {} is defined twice or out of range", id);
    defined[id] = true;
  };
  auto use = [&](ValueId id) {
    if (id >= graph.num_values() || !defined[id])
      fail(ErrorCode::invalid_graph, "value {} is used before it is defined", id);
    if (graph.type_of(id).is_token() && ++token_uses[id] > 1)
      fail(ErrorCode::invalid_graph, "the token %{} is used more than once", id);
  };
  for (ValueId id : graph.inputs()) {
    define(id);
    std::vector<std::string> symbols;
    collect(graph.type_of(id).shape, symbols);
    known.insert(symbols.begin(), symbols.end());
    for (const Dim& dim : graph.type_of(id).shape) {
      if (dim.constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "an input has the negative extent {}", dim.to_string());
    }
  }
  for (const Node& node : graph.nodes()) {
    std::vector<TensorType> operand_types;
    try {
      if (node.op == nullptr) fail(ErrorCode::invalid_graph, "a node has no op");
      auto count = static_cast<int>(node.operands.size());
      if (count < node.op->min_operands || (node.op->max_operands >= 0 && count > node.op->max_operands))
        fail(ErrorCode::invalid_graph, "{} operands; expected {} to {}", count, node.op->min_operands,
             node.op->max_operands);
      for (ValueId id : node.operands) {
        use(id);
        operand_types.push_back(graph.type_of(id));
      }
      if (!same(node.op->complete(node.attrs), node.attrs))
        fail(ErrorCode::invalid_graph, "attributes are not complete");
      // What a state holds is there when the call begins: its extents define symbols, as those of an input do.
      if (node.op->name == "state_read") {
        std::vector<std::string> symbols;
        collect(node.attrs.dims("shape"), symbols);
        known.insert(symbols.begin(), symbols.end());
      }
      for (const auto& [name, attr] : node.attrs.map()) {
        if (const auto* dims = std::get_if<Shape>(&attr)) {
          // A weight or constant may have any fixed shape; dims that name symbols must be known here.
          Shape backed;
          for (const Dim& dim : *dims)
            if (!dim.has_unbacked()) backed.push_back(dim);
          require_known(backed, known, "attribute " + name);
        }
      }
      if (static_cast<int>(node.regions.size()) != node.op->num_regions)
        fail(ErrorCode::invalid_graph, "{} regions; expected {}", node.regions.size(), node.op->num_regions);
      for (const auto& region : node.regions) verify_graph(*region, known, depth + 1);
      auto types = node.op->infer(InferContext(operand_types, node.attrs, node.regions));
      if (types.size() != node.results.size())
        fail(ErrorCode::invalid_graph, "{} results; the op gives {}", node.results.size(), types.size());
      for (size_t i = 0; i < types.size(); ++i) {
        define(node.results[i]);
        const TensorType& recorded = graph.type_of(node.results[i]);
        if (!(types[i] == recorded))
          fail(ErrorCode::invalid_graph, "result {} is recorded as {}; the op gives {}", i, recorded.to_string(),
               types[i].to_string());
        std::vector<std::string> symbols;
        collect(recorded.shape, symbols);
        for (const std::string& s : symbols)
          if (s.front() == '?') known.insert(s);
        require_known(recorded.shape, known, fmt::format("result {}", i));
      }
    } catch (Error& error) {
      std::string types;
      for (const TensorType& type : operand_types) types += (types.empty() ? "" : ", ") + type.to_string();
      error.in(fmt::format("{}({}){}", node.op == nullptr ? "?" : node.op->name, types,
                           node.location.empty() ? "" : " at " + node.location));
      throw;
    }
  }
  std::set<std::string> names;
  for (const auto& output : graph.outputs()) {
    use(output.value);
    if (output.name.empty() || !names.insert(output.name).second)
      fail(ErrorCode::invalid_graph, "the output name \"{}\" is empty or used twice", printable(output.name));
  }
}

}  // namespace

void verify(const Graph& graph) {
  try {
    verify_graph(graph, {}, 0);
  } catch (Error& error) {
    error.in("graph \"" + printable(graph.name()) + "\"");
    throw;
  }
}

void verify(const Program& program) {
  if (program.graphs.empty())
    fail(ErrorCode::invalid_graph, "the program \"{}\" has no graph", printable(program.name));
  for (const auto& [role, graph] : program.graphs) verify(graph);
}

}  // namespace accelerate
