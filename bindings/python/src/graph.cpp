#include "graph/graph.h"

#include "accelerate/ops.h"
#include "base/error.h"
#include "casters.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::python {
namespace {

/// The other operand of an operator: a value, or a number as a constant of the same dtype.
Value operand(const Value& beside, nb::handle other) {
  GraphValue* value = nullptr;
  if (nb::try_cast(other, value) && value != nullptr) return value->value;
  if (PyFloat_Check(other.ptr()) || PyLong_Check(other.ptr())) return ops::scalar_like(beside, nb::cast<double>(other));
  throw nb::type_error("expected a Value or a number");
}

using Binary = Value (*)(Value, Value);

void bind_operator(nb::class_<GraphValue>& value, const char* name, const char* reflected, Binary op) {
  value.def(
      name, [op](const GraphValue& a, nb::handle b) { return op(a.value, operand(a.value, b)); }, nb::is_operator(),
      nb::arg("other"), nb::sig((std::string("def ") + name + "(self, other: Value | float) -> Value").c_str()));
  if (reflected == nullptr) return;
  value.def(
      reflected, [op](const GraphValue& a, nb::handle b) { return op(operand(a.value, b), a.value); },
      nb::is_operator(), nb::arg("other"),
      nb::sig((std::string("def ") + reflected + "(self, other: Value | float) -> Value").c_str()));
}

std::vector<Value> inputs_of(Graph& graph) {
  std::vector<Value> out;
  for (size_t i = 0; i < graph.inputs().size(); ++i) out.push_back(graph.input(i));
  return out;
}

nb::list node_list(const Graph& graph) {
  nb::list out;
  for (const Node& node : graph.nodes()) {
    nb::dict entry;
    entry["op"] = node.op->name;
    nb::list types;
    for (ValueId id : node.results) types.append(graph.type_of(id).to_string());
    entry["results"] = types;
    entry["location"] = node.location;
    out.append(entry);
  }
  return out;
}

}  // namespace

void bind_graph(nb::module_& module) {
  nb::class_<Graph> graph(
      module, "Graph",
      "A typed dataflow graph. `Graph(\"name\", [TensorType(...), ...])`, ops from "
      "ipfs_accelerate.ops on `graph.inputs`, then `graph.output(value)`. One thread at a time builds "
      "it; a loaded Model has its own copy.");
  nb::class_<GraphValue> value(module, "Value",
                               "A value of a Graph; keeps the graph alive. Operators take numbers too.");

  graph
      .def(
          "__init__",
          [](Graph* self, std::string name, nb::handle inputs) {
            new (self) Graph(std::move(name));
            if (PyDict_Check(inputs.ptr())) {
              for (const auto& [key, type] : nb::borrow<nb::dict>(inputs))
                self->add_input(nb::cast<std::string>(key), nb::cast<const TensorType&>(type));
            } else {
              for (nb::handle type : inputs)
                self->add_input("input" + std::to_string(self->inputs().size()), nb::cast<const TensorType&>(type));
            }
          },
          nb::arg("name") = "main", nb::arg("inputs") = nb::make_tuple(),
          nb::sig("def __init__(self, name: str = 'main', inputs: collections.abc.Sequence[TensorType] | dict[str, "
                  "TensorType] = ()) -> None"))
      .def_prop_ro("name", &Graph::name)
      .def_prop_ro("inputs", inputs_of)
      .def_prop_ro("input_names",
                   [](const Graph& g) {
                     std::vector<std::string> out;
                     for (size_t i = 0; i < g.inputs().size(); ++i) out.push_back(g.input_name(i));
                     return out;
                   })
      .def_prop_ro("output_names",
                   [](const Graph& g) {
                     std::vector<std::string> out;
                     for (const Graph::Output& output : g.outputs()) out.push_back(output.name);
                     return out;
                   })
      .def_prop_ro("input_types",
                   [](const Graph& g) {
                     std::vector<TensorType> out;
                     for (ValueId id : g.inputs()) out.push_back(g.type_of(id));
                     return out;
                   })
      .def_prop_ro("output_types",
                   [](const Graph& g) {
                     std::vector<TensorType> out;
                     for (const Graph::Output& output : g.outputs()) out.push_back(g.type_of(output.value));
                     return out;
                   })
      .def_prop_ro("nodes", node_list, nb::sig("def nodes(self) -> list[dict[str, object]]"),
                   "Each node's op, result types and location, in execution order.")
      .def(
          "input",
          [](Graph& g, size_t i) {
            if (i >= g.inputs().size())
              fail(ErrorCode::invalid_argument, "input {} of a graph with {}", i, g.inputs().size());
            return g.input(i);
          },
          nb::arg("index"))
      .def("add_input", &Graph::add_input, nb::arg("name"), nb::arg("type"))
      .def("output", &Graph::output, nb::arg("value"), nb::arg("name") = "",
           "Makes a value an output; names default to output0, output1, ...")
      .def(
          "verify", [](const Graph& g) { verify(g); },
          "Errors: InvalidGraphError, InvalidShapeError, InvalidDtypeError, with the node.")
      .def(
          "identity_hash",
          [](const Graph& g) {
            Program program;
            program.graphs.emplace("main", g);
            return accelerate::identity_hash(program);
          },
          "SHA-256 of the computation, in hexadecimal.")
      .def("__str__", [](const Graph& g) { return print(g); })
      .def("__repr__",
           [](const Graph& g) {
             return fmt::format("Graph({}, {} inputs, {} nodes, {} outputs)", g.name(), g.inputs().size(),
                                g.nodes().size(), g.outputs().size());
           })
      .def_static(
          "parse", [](std::string_view text) { return parse_graph(text, ops::registry()); }, nb::arg("text"),
          "The graph of a text form, as str(graph) gives it. Errors: InvalidGraphError with line and column.");

  value.def_prop_ro("type", [](const GraphValue& v) { return v.value.type(); })
      .def_prop_ro(
          "dtype", [](const GraphValue& v) { return v.value.dtype(); },
          nb::sig("def dtype(self) -> ipfs_accelerate.dtypes.DType"))
      .def_prop_ro("shape", [](const GraphValue& v) { return v.value.shape(); })
      .def_prop_ro("rank", [](const GraphValue& v) { return v.value.rank(); })
      .def_prop_ro(
          "graph", [](const GraphValue& v) { return v.graph; }, nb::sig("def graph(self) -> Graph"))
      .def("__neg__", [](const GraphValue& v) { return ops::neg(v.value); })
      .def("__repr__", [](const GraphValue& v) { return "Value(" + v.value.type().to_string() + ")"; });
  bind_operator(value, "__add__", "__radd__", ops::add);
  bind_operator(value, "__sub__", "__rsub__", ops::sub);
  bind_operator(value, "__mul__", "__rmul__", ops::mul);
  bind_operator(value, "__truediv__", "__rtruediv__", ops::div);
  bind_operator(value, "__pow__", "__rpow__", ops::pow);
  bind_operator(value, "__matmul__", nullptr, ops::matmul);
}

}  // namespace accelerate::python
