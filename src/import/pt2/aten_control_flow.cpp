// Higher-order ops: graphs within the graph.
#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

const Argument& positional(Call& c, size_t i) {
  if (i >= c.node().inputs.size()) fail(ErrorCode::invalid_model, "{} lacks argument {}", c.target(), i);
  return c.node().inputs[i].value;
}

const ExportedGraph& graph_argument(Call& c, size_t i) {
  const Argument& argument = positional(c, i);
  if (argument.graph == nullptr) fail(ErrorCode::invalid_model, "argument {} of {} is no graph", i, c.target());
  return *argument.graph;
}

/// Values of the arguments from the i-th on; lists are taken apart.
std::vector<Item> operands_from(Call& c, size_t first) {
  std::vector<Item> out;
  for (size_t i = first; i < c.node().inputs.size(); ++i) {
    const Item item = c.scope().evaluate(positional(c, i));
    if (item.list() != nullptr) {
      out.insert(out.end(), item.list()->begin(), item.list()->end());
    } else {
      out.push_back(item);
    }
  }
  return out;
}

/// The graph's nodes in place of the call.
std::vector<Item> inlined(Call& c, Graph& into, const ExportedGraph& graph, const std::vector<Item>& operands) {
  Scope inner(c.conversion(), graph, into);
  if (graph.inputs.size() != operands.size())
    fail(ErrorCode::invalid_model, "a graph of {} inputs gets {}", graph.inputs.size(), operands.size());
  for (size_t i = 0; i < operands.size(); ++i) inner.bind(graph.inputs[i].text, operands[i]);
  inner.run();
  return inner.results();
}

template <size_t graph_at>
Item call_graph(Call& c) {
  return inlined(c, c.graph(), graph_argument(c, graph_at), operands_from(c, graph_at + 1));
}

/// What enters a region: tensors become its inputs; numbers that are known stay known.
struct RegionOperands {
  std::vector<Value> values;
  /// For each operand: its place in values, or none.
  std::vector<std::optional<size_t>> places;
  std::vector<Item> items;

  explicit RegionOperands(const std::vector<Item>& operands) : items(operands) {
    for (const Item& item : operands) {
      Value value;
      if (item.tensor() != nullptr) value = item.tensor()->value;
      if (const Scalar* s = item.scalar(); s != nullptr && s->value && !s->exact) value = s->value;
      places.push_back(value ? std::optional(values.size()) : std::nullopt);
      if (value) values.push_back(value);
    }
  }
  std::vector<TensorType> types() const {
    std::vector<TensorType> out;
    for (const Value& v : values) out.push_back(v.type());
    return out;
  }
  /// The operands as a region sees them, whose inputs begin at `first`.
  std::vector<Item> inside(Graph& region, size_t first) const {
    std::vector<Item> out = items;
    for (size_t i = 0; i < out.size(); ++i) {
      if (!places[i]) continue;
      const Value input = region.input(first + *places[i]);
      if (const TensorItem* t = items[i].tensor()) {
        out[i] = TensorItem{input, t->is_complex};
      } else {
        Scalar s = *items[i].scalar();
        s.value = input;
        out[i] = s;
      }
    }
    return out;
  }
};

Value tensor_of(const Item& item, Graph& graph) {
  if (item.tensor() != nullptr) return item.tensor()->value;
  if (const Scalar* s = item.scalar()) return scalar_tensor(graph, s->dtype(), *s);
  fail(ErrorCode::unsupported_model, "a branch gives something that is no tensor");
}

std::shared_ptr<const Graph> branch(Call& c, const std::string& name, const ExportedGraph& graph,
                                    const RegionOperands& operands) {
  auto region = std::make_shared<Graph>(name, operands.types());
  const auto results = inlined(c, *region, graph, operands.inside(*region, 0));
  for (size_t i = 0; i < results.size(); ++i) {
    Value value = tensor_of(results[i], *region);
    if (const auto declared = c.declared_shape(i); declared && declared->size() == value.shape().size())
      value = with_shape(value, *declared);
    region->output(value);
  }
  return region;
}

std::vector<Item> items_of(const std::vector<Value>& values) {
  return {values.begin(), values.end()};
}

Item condition(Call& c) {
  const Item predicate = c.scope().evaluate(positional(c, 0));
  const auto operands = operands_from(c, 3);
  if (const Scalar* s = predicate.scalar()) {
    if (const auto known = s->constant())
      return inlined(c, c.graph(), graph_argument(c, *known != 0 ? 1 : 2), operands);
  }
  const Value chosen = ops::reshape(to_dtype(tensor_of(predicate, c.graph()), DType::boolean), {});
  const RegionOperands inputs(operands);
  return items_of(ops::if_(chosen, branch(c, "then", graph_argument(c, 1), inputs),
                           branch(c, "else", graph_argument(c, 2), inputs), inputs.values));
}

Value truth(const std::vector<Item>& results, Graph& graph) {
  if (results.size() != 1) fail(ErrorCode::invalid_model, "a condition of a loop has {} results", results.size());
  return ops::reshape(to_dtype(tensor_of(results[0], graph), DType::boolean), {});
}

/// while_loop(condition, body, carried, additional): what does not change is carried as it is.
Item while_loop(Call& c) {
  const ExportedGraph& test = graph_argument(c, 0);
  const ExportedGraph& body = graph_argument(c, 1);
  std::vector<Item> operands = operands_from(c, 2);
  for (Item& item : operands)
    if (item.scalar() != nullptr) item = tensor_of(item, c.graph());
  const RegionOperands inputs(operands);
  const Value start = truth(inlined(c, c.graph(), test, operands), c.graph());
  std::vector<TensorType> types = inputs.types();
  types.insert(types.begin(), TensorType(DType::i64, {}));
  auto region = std::make_shared<Graph>("body", types);
  std::vector<Item> state = inputs.inside(*region, 1);
  const auto results = inlined(c, *region, body, state);
  if (results.size() > state.size()) fail(ErrorCode::invalid_model, "a loop's body has more results than it carries");
  std::copy(results.begin(), results.end(), state.begin());
  region->output(truth(inlined(c, *region, test, state), *region));
  for (size_t i = 0; i < state.size(); ++i)
    region->output(with_shape(tensor_of(state[i], *region), inputs.values[i].shape()));
  const Value forever = ops::full(c.graph(), DType::i64, {}, 0x1p31);
  std::vector<Value> out = ops::loop(forever, start, region, inputs.values);
  out.resize(results.size());
  return items_of(out);
}

std::vector<Item> items_of_list(Call& c, size_t i) {
  const Item item = c.scope().evaluate(positional(c, i));
  if (item.list() == nullptr) fail(ErrorCode::invalid_model, "argument {} of {} is no list", i, c.target());
  return *item.list();
}

/// scan(body, carried, xs, constants): each x is taken along its first axis, each y stacked along a new one.
Item scan(Call& c) {
  const ExportedGraph& body = graph_argument(c, 0);
  std::vector<Item> carried = items_of_list(c, 1);
  for (Item& item : carried)
    if (item.scalar() != nullptr) item = tensor_of(item, c.graph());
  const std::vector<Item> xs = items_of_list(c, 2);
  std::vector<Item> operands = carried;
  operands.insert(operands.end(), xs.begin(), xs.end());
  for (const Item& item : operands)
    if (item.tensor() == nullptr) fail(ErrorCode::invalid_model, "a loop runs over something that is no tensor");
  const auto constants = items_of_list(c, 3);
  operands.insert(operands.end(), constants.begin(), constants.end());
  const RegionOperands inputs(operands);
  std::vector<TensorType> types = inputs.types();
  for (size_t i = carried.size(); i < carried.size() + xs.size(); ++i) {
    if (types[i].rank() == 0) fail(ErrorCode::invalid_model, "a loop runs over a tensor without axes");
    types[i].shape.erase(types[i].shape.begin());
  }
  auto region = std::make_shared<Graph>("body", types);
  const auto results = inlined(c, *region, body, inputs.inside(*region, 0));
  if (results.size() < carried.size())
    fail(ErrorCode::invalid_model, "a loop's body has fewer results than it carries");
  for (size_t i = 0; i < results.size(); ++i) {
    const Value value = tensor_of(results[i], *region);
    region->output(i < carried.size() ? with_shape(value, inputs.values[i].shape()) : value);
  }
  const auto values = inputs.values.begin();
  const auto first_x = values + static_cast<std::ptrdiff_t>(carried.size());
  const auto last_x = first_x + static_cast<std::ptrdiff_t>(xs.size());
  const std::vector<Value> found =
      ops::scan(region, {values, first_x}, {first_x, last_x}, {last_x, inputs.values.end()});
  std::vector<Item> out;
  for (size_t i = 0; i < found.size(); ++i) {
    const bool is_complex = results[i].tensor() != nullptr && results[i].tensor()->is_complex;
    out.emplace_back(TensorItem{found[i], is_complex});
  }
  return out;
}

constexpr auto kHandled = Mapping::Complex::handled;

constexpr Mapping kMappings[] = {
    {"higher_order.cond", condition, kHandled},
    {"higher_order.while_loop", while_loop, kHandled},
    {"higher_order.scan", scan, kHandled},
    {"higher_order.wrap_with_set_grad_enabled", call_graph<1>, kHandled},
    {"higher_order.wrap_with_autocast", call_graph<4>, kHandled},
    {"higher_order.wrap", call_graph<0>, kHandled},
    {"higher_order.strict_mode", call_graph<0>, kHandled},
    {"higher_order.invoke_subgraph",
     [](Call& c) -> Item { return inlined(c, c.graph(), graph_argument(c, 0), operands_from(c, 2)); }, kHandled},
};

}  // namespace

std::span<const Mapping> control_flow_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
