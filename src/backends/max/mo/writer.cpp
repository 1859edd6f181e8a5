#include "backends/max/mo/writer.h"

#include <algorithm>
#include <set>

#include "backends/max/mo/ops.h"
#include "base/error.h"

namespace accelerate::max_engine {
namespace {

bool has_element(DType dtype) {
  switch (dtype) {
    case DType::token:
    case DType::c64:
    case DType::f8e4m3:
    case DType::f8e5m2: return false;
    default: return true;
  }
}

/// A name as it stands between quotes.
std::string escaped(const std::string& name) {
  std::string out;
  for (unsigned char c : name) {
    if (c == '"' || c == '\\' || c < 0x20 || c >= 0x7f) {
      out += fmt::format("\\{:02X}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

/// An input as read_mo() makes one of an argument without elements: what it tells comes with the carriers.
bool defines_symbols_only(const TensorType& type) {
  return type.dtype == DType::u8 && type.rank() > 1 && type.shape.back() == Dim(0);
}

/// Ops that the writer itself knows.
bool is_leaf(const Node& node) {
  return node.op->name == "weight" || node.op->name == "constant";
}

}  // namespace

const MoTable& mo_table() {
  static const MoTable table = [] {
    MoTable out;
    for (auto* add : {add_elementwise, add_compositions, add_integers, add_reductions, add_movement, add_indexing,
                      add_products, add_attention, add_convolutions, add_norms})
      add(out);
    return out;
  }();
  return table;
}

std::optional<std::string> why_not(const Graph& graph, const Node& node) {
  auto entry = mo_table().find(node.op->name);
  if (entry == mo_table().end() && !is_leaf(node)) return fmt::format("no form in MAX for {}", node.op->name);
  for (const auto* ids : {&node.operands, &node.results}) {
    for (ValueId id : *ids) {
      const TensorType& type = graph.type_of(id);
      if (!has_element(type.dtype)) return fmt::format("{} with elements of {}", node.op->name, name_of(type.dtype));
      if (!type.encoding.plain()) return fmt::format("{} on {}", node.op->name, type.encoding.to_string());
    }
  }
  if (entry != mo_table().end() && entry->second.why_not) return entry->second.why_not(graph, node);
  return std::nullopt;
}

Graph expanded_for_mo(Graph graph) {
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    Patch patch(graph);
    for (const Node& node : graph.nodes()) {
      if (!why_not(graph, node) || !node.op->expand) continue;
      std::vector<Value> operands;
      for (ValueId id : node.operands) operands.push_back(patch.value(id));
      auto results = node.op->expand(patch, node, operands);
      for (size_t r = 0; r < results.size(); ++r) patch.replace(node.results[r], results[r]);
    }
    if (patch.empty()) break;
    graph = patch.apply();
  }
  return graph;
}

MoText write_mo(const Graph& graph, const MoOptions& options) {
  std::set<std::string> faults;
  for (const Node& node : graph.nodes())
    if (auto why = why_not(graph, node)) faults.insert(*why);
  if (!faults.empty()) {
    std::string list;
    for (const std::string& fault : faults) list += "\n  " + fault;
    fail(ErrorCode::unsupported_op, "the graph cannot be written for MAX:{}", list);
  }

  MoText out;
  MoBuilder b;
  std::vector<MoValue> values(graph.num_values());
  std::vector<std::string> argument_texts;
  std::set<std::string> plain;  // symbols that an argument has as an extent
  auto users = graph.users();
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    ValueId id = graph.inputs()[i];
    if (users[id].empty() && defines_symbols_only(graph.type_of(id))) continue;
    values[id] = {"%x" + std::to_string(i), graph.type_of(id)};
    out.arguments.push_back(options.names_of_graph ? graph.input_name(i) : "x" + std::to_string(i));
    argument_texts.push_back(fmt::format("{}: {} loc(unknown)", values[id].name, b.type(values[id].type)));
    for (const Dim& d : values[id].type.shape)
      if (!d.is_constant()) plain.insert(b.dim(d));
  }
  auto value_of = [&](ValueId id) -> const MoValue& {
    const Node* from = values[id].name.empty() ? graph.producer(id) : nullptr;
    if (from != nullptr) values[id] = b.constant(from->attrs.tensor("value"));
    return values[id];
  };
  for (const Node& node : graph.nodes()) {
    std::vector<MoValue> results;
    if (node.op->name == "weight") {
      std::string name = "w" + std::to_string(out.externals.size());
      out.externals.push_back(node.attrs.string("name"));
      results = {
          b.external(options.names_of_graph ? escaped(out.externals.back()) : name, graph.type_of(node.results[0]))};
    } else if (node.op->name == "constant") {
      continue;  // stands where it is used first
    } else {
      EmitSite site{node, {}, {}};
      for (ValueId id : node.operands) site.in.push_back(value_of(id));
      for (ValueId id : node.results) site.out.push_back(graph.type_of(id));
      results = mo_table().find(node.op->name)->second.emit(b, site);
    }
    for (size_t r = 0; r < results.size(); ++r) {
      const TensorType& declared = graph.type_of(node.results[r]);
      // Extents that both sides know by other names are equal in a call: the graph's are the ones to go on with.
      if (results[r].type.shape != declared.shape)
        results[r] = b.rebind(results[r].name, b.type(results[r].type), declared);
      values[node.results[r]] = results[r];
    }
  }
  std::string result_names;
  std::string result_types;
  std::string result_values;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const MoValue& value = value_of(graph.outputs()[i].value);
    out.results.push_back(options.names_of_graph ? graph.outputs()[i].name : "y" + std::to_string(i));
    result_names += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", escaped(out.results.back()));
    result_types += (i == 0 ? "" : ", ") + b.type(value.type);
    result_values += (i == 0 ? "" : ", ") + value.name;
  }
  // A tensor may have only so many axes.
  constexpr size_t kCarried = 4;
  for (size_t s = 0; s < b.symbols().size(); ++s) {
    if (plain.contains("d" + std::to_string(s))) continue;
    if (out.carriers.empty() || out.carriers.back().dims.size() == kCarried)
      out.carriers.push_back({"c" + std::to_string(out.carriers.size()), {}});
    out.carriers.back().dims.push_back(b.symbols()[s]);
  }
  std::string argument_names;
  for (const std::string& name : out.arguments)
    argument_names += fmt::format("{}\"{}\"", argument_names.empty() ? "" : ", ", name);
  for (const MoText::Carrier& carrier : out.carriers) {
    Shape shape = carrier.dims;
    shape.emplace_back(0);
    argument_texts.push_back(fmt::format("%{}: {} loc(unknown)", carrier.name, b.type({DType::u8, shape})));
    argument_names += fmt::format("{}\"{}\"", argument_names.empty() ? "" : ", ", carrier.name);
  }
  std::string parameters;
  for (size_t s = 0; s < b.symbols().size(); ++s) parameters += (s == 0 ? "<d" : ", d") + std::to_string(s);
  if (!parameters.empty()) parameters += ">";
  std::string arguments;
  for (const std::string& text : argument_texts) arguments += (arguments.empty() ? "" : ", ") + text;
  bool one = graph.outputs().size() == 1;
  std::string output = fmt::format("  mo.output {} : {} loc(unknown)\n", result_values, result_types);
  out.text = fmt::format(
      "mo.graph @region{}({}) -> {}{}{} attributes {{argument_names = [{}], result_names = [{}]}} {{\n{}}} "
      "loc(unknown)\n",
      parameters, arguments, one ? "" : "(", result_types, one ? "" : ")", argument_names, result_names,
      b.finished(output));
  return out;
}

}  // namespace accelerate::max_engine
