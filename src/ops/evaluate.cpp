#include "ops/evaluate.h"

#include <algorithm>

namespace accelerate::ops {
namespace {

/// Adds to `dims` what the extents of one tensor say about the symbols of its declared shape. Returns false if a dim
/// cannot be solved yet.
bool bind_shape(const Shape& declared, const std::vector<int64_t>& extents, DimBindings& dims,
                const std::string& what) {
  bool complete = true;
  for (size_t axis = 0; axis < declared.size(); ++axis) {
    const Dim& dim = declared[axis];
    std::vector<std::string> symbols;
    dim.collect_symbols(symbols);
    if (std::all_of(symbols.begin(), symbols.end(), [&](const std::string& s) { return dims.contains(s); })) {
      int64_t expected = dim.evaluate(dims);
      if (expected == extents[axis]) continue;
      fail(ErrorCode::invalid_shape, "{} has extent {} on axis {}; expected {}{} (declared {}, given {})", what,
           extents[axis], axis, expected, symbols.empty() ? "" : " for " + dim.to_string(), to_string(declared),
           to_string(extents));
    }
    if (auto solved = dim.solve(extents[axis], dims)) {
      if (solved->second < 0)
        fail(ErrorCode::invalid_shape, "{} has extent {} on axis {}; for {} that makes {} = {}, expected at least 0",
             what, extents[axis], axis, dim.to_string(), solved->first, solved->second);
      dims.emplace(solved->first, solved->second);
      continue;
    }
    complete = false;
  }
  return complete;
}

void check_input(const Graph& graph, size_t i, const Tensor& tensor) {
  const TensorType& type = graph.type_of(graph.inputs()[i]);
  auto what = [&] { return fmt::format("input \"{}\"", graph.input_name(i)); };
  if (!type.encoding.plain())
    fail(ErrorCode::unsupported_op, "{} is {}; only plain storage is evaluated", what(), type.to_string());
  if (tensor.dtype() != type.dtype)
    fail(ErrorCode::invalid_dtype, "{} is {}; expected {}", what(), tensor.type().to_string(), type.to_string());
  if (tensor.rank() != type.rank())
    fail(ErrorCode::invalid_shape, "{} is {}; expected {}", what(), tensor.type().to_string(), type.to_string());
  if (tensor.empty() && !type.is_token())
    fail(ErrorCode::invalid_argument, "{} has no data; expected {}", what(), type.to_string());
}

void bind_inputs(const Graph& graph, std::span<const Tensor> inputs, DimBindings& dims) {
  if (inputs.size() != graph.inputs().size())
    fail(ErrorCode::invalid_argument, "{} inputs given; graph \"{}\" takes {}", inputs.size(), printable(graph.name()),
         graph.inputs().size());
  for (size_t i = 0; i < inputs.size(); ++i) check_input(graph, i, inputs[i]);
  // A dim like "sequence + past" is solved once another input has told one of the two: repeat while something is
  // learnt.
  size_t known = 0;
  while (true) {
    known = dims.size();
    std::optional<size_t> unsolved;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Shape& declared = graph.type_of(graph.inputs()[i]).shape;
      if (!bind_shape(declared, inputs[i].shape(), dims, fmt::format("input \"{}\"", graph.input_name(i))) && !unsolved)
        unsolved = i;
    }
    if (!unsolved) return;
    if (dims.size() == known)
      fail(ErrorCode::invalid_shape,
           "input \"{}\" is declared {} and given as {}: its symbols cannot be solved; declare an input that has each "
           "symbol alone",
           graph.input_name(*unsolved), to_string(graph.type_of(graph.inputs()[*unsolved]).shape),
           to_string(inputs[*unsolved].shape()));
  }
}

Tensor read_weight(const TensorType& type, const std::string& name, const WeightSource* weights) {
  if (weights == nullptr)
    fail(ErrorCode::invalid_weights, "the graph refers to the weight \"{}\", and no weights were given",
         printable(name));
  if (!type.encoding.plain())
    fail(ErrorCode::unsupported_op, "weight \"{}\" is {}; only plain storage is evaluated", printable(name),
         type.to_string());
  auto info = weights->find(name);
  if (!info)
    fail(ErrorCode::invalid_weights, "there is no weight \"{}\"; expected {}", printable(name), type.to_string());
  TensorType stored(info->dtype, Shape(info->shape.begin(), info->shape.end()), info->encoding);
  if (!(stored == type))
    fail(ErrorCode::invalid_weights, "weight \"{}\" is {}; the graph expects {}", printable(name), stored.to_string(),
         type.to_string());
  Tensor out = weights->read(name);
  if (!(out.type() == type))
    fail(ErrorCode::invalid_weights, "weight \"{}\" was read as {}; the graph expects {}", printable(name),
         out.type().to_string(), type.to_string());
  return out;
}

std::vector<Tensor> evaluate_graph(const Graph& graph, std::span<const Tensor> inputs, DimBindings dims,
                                   const WeightSource* weights) {
  bind_inputs(graph, inputs, dims);
  std::vector<Tensor> values(graph.num_values());
  std::vector<int> uses(graph.num_values(), 0);
  for (const Node& node : graph.nodes())
    for (ValueId id : node.operands) ++uses[id];
  for (const auto& output : graph.outputs()) ++uses[output.value];
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i]] = inputs[i];
  for (const Node& node : graph.nodes()) {
    std::vector<Tensor> operands;
    operands.reserve(node.operands.size());
    for (ValueId id : node.operands) operands.push_back(values[id]);
    auto results = evaluate_node(graph, node, operands, dims, weights);
    for (size_t r = 0; r < results.size(); ++r)
      if (uses[node.results[r]] > 0) values[node.results[r]] = std::move(results[r]);
    for (ValueId id : node.operands)
      if (--uses[id] == 0) values[id] = Tensor();
  }
  std::vector<Tensor> out;
  out.reserve(graph.outputs().size());
  for (const auto& output : graph.outputs()) out.push_back(values[output.value]);
  return out;
}

/// Results allocated where all their dims are known, else empty.
std::vector<Tensor> allocate_results(const Graph& graph, const Node& node, const DimBindings& dims) {
  std::vector<Tensor> out(node.results.size());
  for (size_t r = 0; r < out.size(); ++r) {
    const TensorType& type = graph.type_of(node.results[r]);
    std::vector<std::string> symbols;
    for (const Dim& dim : type.shape) dim.collect_symbols(symbols);
    bool pending = std::any_of(symbols.begin(), symbols.end(),
                               [&](const std::string& s) { return s.front() == '?' && !dims.contains(s); });
    if (!pending) out[r] = Tensor(type.dtype, accelerate::evaluate(type.shape, dims));
  }
  return out;
}

/// Checks results against the recorded types and binds their unbacked dims.
void bind_results(const Graph& graph, const Node& node, std::span<const Tensor> results, DimBindings& dims) {
  for (size_t r = 0; r < results.size(); ++r) {
    const TensorType& type = graph.type_of(node.results[r]);
    if ((results[r].empty() && !type.is_token()) || results[r].dtype() != type.dtype ||
        results[r].rank() != type.rank())
      fail(ErrorCode::internal, "result {} was computed as {}; its type is {}", r, results[r].type().to_string(),
           type.to_string());
    if (!bind_shape(type.shape, results[r].shape(), dims, fmt::format("result {}", r)))
      fail(ErrorCode::invalid_shape, "result {} of type {} was computed as {}: its dims cannot be solved", r,
           type.to_string(), to_string(results[r].shape()));
  }
}

std::vector<Tensor> run_node(const Graph& graph, const Node& node, std::span<const Tensor> operands, DimBindings& dims,
                             const WeightSource* weights) {
  if (node.op->name == "weight")
    return {read_weight(graph.type_of(node.results.at(0)), node.attrs.string("name"), weights)};
  if (node.op->reference) {
    auto results = allocate_results(graph, node, dims);
    EvalContext context(node.attrs, dims, operands, results);
    if (!node.regions.empty()) {
      context.run_region = [&](size_t region, std::span<const Tensor> inputs) {
        return evaluate_graph(*node.regions.at(region), inputs, dims, weights);
      };
    }
    node.op->reference(context);
    return results;
  }
  if (node.op->expand) return evaluate_graph(expand_node(graph, node), operands, dims, weights);
  fail(ErrorCode::unsupported_op, "op {} has neither a reference nor an expansion: it runs only in a session",
       node.op->name);
}

}  // namespace

std::vector<Tensor> evaluate(const Graph& graph, std::span<const Tensor> inputs, const WeightSource* weights) {
  return evaluate_graph(graph, inputs, {}, weights);
}

DimBindings bind_dims(const Graph& graph, std::span<const Tensor> inputs) {
  DimBindings dims;
  bind_inputs(graph, inputs, dims);
  return dims;
}

std::vector<Tensor> evaluate_node(const Graph& graph, const Node& node, std::span<const Tensor> operands,
                                  DimBindings& dims, const WeightSource* weights) {
  try {
    auto results = run_node(graph, node, operands, dims, weights);
    bind_results(graph, node, results, dims);
    return results;
  } catch (Error& error) {
    std::string types;
    for (const Tensor& tensor : operands) types += (types.empty() ? "" : ", ") + tensor.type().to_string();
    error.in(fmt::format("{}({}){}", node.op->name, types, node.location.empty() ? "" : " at " + node.location));
    throw;
  }
}

Graph expand_node(const Graph& graph, const Node& node) {
  if (!node.op->expand) fail(ErrorCode::unsupported_op, "op {} has no expansion", node.op->name);
  std::vector<TensorType> types;
  types.reserve(node.operands.size());
  for (ValueId id : node.operands) types.push_back(graph.type_of(id));
  Graph out(node.op->name, types);
  out.set_location(node.location);
  std::vector<Value> operands;
  operands.reserve(types.size());
  for (size_t i = 0; i < types.size(); ++i) operands.push_back(out.input(i));
  auto results = node.op->expand(out, node, operands);
  if (results.size() != node.results.size())
    fail(ErrorCode::internal, "the expansion of {} gives {} results; expected {}", node.op->name, results.size(),
         node.results.size());
  for (size_t r = 0; r < results.size(); ++r) {
    const TensorType& expected = graph.type_of(node.results[r]);
    if (results[r].dtype() != expected.dtype || results[r].rank() != expected.rank())
      fail(ErrorCode::internal, "the expansion of {} gives {} for result {}; expected {}", node.op->name,
           results[r].type().to_string(), r, expected.to_string());
    out.output(results[r]);
  }
  return out;
}

}  // namespace accelerate::ops
