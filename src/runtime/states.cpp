#include "runtime/states.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"
#include "ops/evaluate.h"
#include "ops/registry.h"

namespace accelerate {
namespace {

bool has_state(const Node& node) {
  return node.op->name == "cached_attention" && !node.attrs.string("state").empty() &&
         node.attrs.string("kind") == "paged";
}

/// Copies a graph node by node; what a subclass replaces gets other values.
class Rewriter {
 public:
  explicit Rewriter(const Graph& from) : from_(from), out_(from.name()), values_(from.num_values()) {
    for (size_t i = 0; i < from.inputs().size(); ++i)
      values_[from.inputs()[i]] = out_.add_input(from.input_name(i), from.type_of(from.inputs()[i]));
  }

 protected:
  std::vector<Value> operands_of(const Node& node) const {
    std::vector<Value> operands;
    for (ValueId id : node.operands) operands.push_back(values_[id]);
    return operands;
  }
  void set_results(const Node& node, std::span<const Value> results) {
    for (size_t i = 0; i < node.results.size(); ++i) values_[node.results[i]] = results[i];
  }
  void copy(const Node& node) { set_results(node, copy_node(out_, node, operands_of(node))); }
  void copy_outputs() {
    for (const Graph::Output& output : from_.outputs()) out_.output(values_[output.value], output.name);
  }
  Value add(std::string_view op, std::span<const Value> operands, Attrs attrs) {
    return out_.add(ops::registry().get(op), operands, std::move(attrs)).at(0);
  }

  const Graph& from_;
  Graph out_;
  std::vector<Value> values_;
};

class StateWriter : Rewriter {
 public:
  explicit StateWriter(const Graph& graph) : Rewriter(graph), past_(past_symbol(graph)) {}

  Graph run() {
    for (const Node& node : from_.nodes()) {
      if (!has_state(node)) {
        copy(node);
        continue;
      }
      out_.set_location(node.location);
      try {
        attend(node);
      } catch (Error& error) {
        throw std::move(error.in("the state \"" + printable(node.attrs.string("state")) + "\""));
      }
    }
    copy_outputs();
    return std::move(out_);
  }

 private:
  void attend(const Node& node) {
    const auto& extras = node.attrs.strings("extras");
    if (std::find(extras.begin(), extras.end(), "mask") != extras.end())
      fail(
          ErrorCode::unsupported_op,
          "its attention has a mask that is a tensor, which says nothing about the positions of earlier calls; run the "
          "whole sequence in one call");
    const std::string& state = node.attrs.string("state");
    std::vector<Value> operands = operands_of(node);
    operands[1] = lengthened(node.operands[1], state + ".key", 2);
    operands[2] = lengthened(node.operands[2], state + ".value", 2);
    operands[4] = lengthened(node.operands[4], state + ".positions", 1);
    Attrs attrs = node.attrs;
    attrs.set("state", std::string());
    set_results(node, out_.add(*node.op, operands, std::move(attrs)));
  }

  /// What the state holds with the value behind it, along an axis; the state holds both from now on.
  Value lengthened(ValueId id, const std::string& name, int axis) {
    if (const auto found = lengthened_.find(id); found != lengthened_.end()) return found->second;
    const Value fresh = values_[id];
    TensorType type = fresh.type();
    type.shape[static_cast<size_t>(axis)] = past_;
    if (!token_) token_ = out_.add(ops::registry().get("state_token"), {}).at(0);
    const std::vector<Value> read =
        out_.add(ops::registry().get("state_read"), std::vector<Value>{token_},
                 {{"kind", std::string("paged")}, {"name", name}, {"dtype", type.dtype}, {"shape", type.shape}});
    const Value all = add("concat", std::vector<Value>{read[0], fresh}, {{"axis", static_cast<int64_t>(axis)}});
    token_ = add("state_write", std::vector<Value>{read[1], all}, {{"kind", std::string("paged")}, {"name", name}});
    lengthened_.emplace(id, all);
    return all;
  }

  Dim past_;
  Value token_;
  std::map<ValueId, Value> lengthened_;
};

class StateLowering : Rewriter {
 public:
  explicit StateLowering(const Graph& graph) : Rewriter(graph) {}

  LoweredStates run() {
    LoweredStates lowered;
    for (const Node& node : from_.nodes()) {
      const std::string& op = node.op->name;
      // Tokens are values of the graph no more: nothing reads what stands for them.
      if (op == "state_token") continue;
      if (op == "state_read") {
        values_[node.results[0]] = read(node, lowered);
      } else if (op == "state_write") {
        const std::string& name = node.attrs.string("name");
        const auto found = content_.find(name);
        if (found == content_.end())
          fail(ErrorCode::invalid_graph, "the state \"{}\" is written and never read before", printable(name));
        found->second = values_[node.operands[1]];
      } else {
        copy(node);
      }
    }
    copy_outputs();
    for (const StateInfo& state : lowered.states) out_.output(content_.at(state.name), "state." + state.name);
    lowered.graph = std::move(out_);
    return lowered;
  }

 private:
  Value read(const Node& node, LoweredStates& lowered) {
    const std::string& name = node.attrs.string("name");
    const TensorType& type = from_.type_of(node.results[0]);
    if (const auto found = content_.find(name); found != content_.end()) {
      if (!(found->second.type() == type))
        fail(ErrorCode::invalid_graph, "the state \"{}\" is read as {}; it is {}", printable(name), type.to_string(),
             found->second.type().to_string());
      return found->second;
    }
    lowered.states.push_back({name, node.attrs.string("kind"), type});
    const Value value = out_.add_input("state." + name, type);
    content_.emplace(name, value);
    return value;
  }

  std::map<std::string, Value> content_;
};

/// The extent of the new positions: that of the queries of an op with a state.
Dim step_of(const Graph& graph) {
  for (const Node& node : graph.nodes())
    if (has_state(node)) return graph.type_of(node.operands[3]).shape[1];
  fail(ErrorCode::invalid_graph,
       "the graph \"{}\" has no op with a state; capture the model with: python -m ipfs_accelerate.capture FOLDER "
       "--form attention",
       printable(graph.name()));
}

/// Elements [begin, begin + count) of an axis.
Tensor cut(const Tensor& x, size_t axis, int64_t begin, int64_t count) {
  std::vector<int64_t> shape = x.shape();
  const int64_t extent = shape[axis];
  shape[axis] = count;
  Tensor out(x.dtype(), shape);
  size_t row = size_of(x.dtype());
  for (size_t i = axis + 1; i < shape.size(); ++i) row *= static_cast<size_t>(shape[i]);
  int64_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  const auto* from = static_cast<const std::byte*>(x.data());
  auto* to = static_cast<std::byte*>(out.data());
  for (int64_t o = 0; o < outer; ++o)
    std::memcpy(to + static_cast<size_t>(o * count) * row, from + static_cast<size_t>(o * extent + begin) * row,
                static_cast<size_t>(count) * row);
  return out;
}

/// Copies `part` to elements [begin, ...) of an axis of `whole`.
void paste(const Tensor& part, Tensor& whole, size_t axis, int64_t begin) {
  size_t row = size_of(part.dtype());
  for (size_t i = axis + 1; i < part.shape().size(); ++i) row *= static_cast<size_t>(part.shape()[i]);
  int64_t outer = 1;
  for (size_t i = 0; i < axis; ++i) outer *= part.shape()[i];
  const int64_t count = part.shape()[axis];
  const int64_t extent = whole.shape()[axis];
  const auto* from = static_cast<const std::byte*>(part.data());
  auto* to = static_cast<std::byte*>(whole.data());
  for (int64_t o = 0; o < outer; ++o)
    std::memcpy(to + static_cast<size_t>(o * extent + begin) * row, from + static_cast<size_t>(o * count) * row,
                static_cast<size_t>(count) * row);
}

std::optional<size_t> axis_with(const TensorType& type, const Dim& extent) {
  for (size_t i = 0; i < type.shape.size(); ++i)
    if (type.shape[i] == extent) return i;
  return std::nullopt;
}

}  // namespace

Dim past_symbol(const Graph& graph) {
  std::vector<std::string> taken;
  for (ValueId id = 0; id < graph.num_values(); ++id)
    for (const Dim& dim : graph.type_of(id).shape) dim.collect_symbols(taken);
  std::string name = "past";
  for (int i = 1; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i) name = fmt::format("past{}", i);
  return Dim::symbol(name);
}

Graph with_states(const Graph& graph) {
  return StateWriter(graph).run();
}

LoweredStates lower_states(const Graph& graph) {
  return StateLowering(graph).run();
}

size_t SequenceStates::size_bytes() const {
  size_t bytes = 0;
  for (const auto& [name, tensor] : tensors_) bytes += tensor.size_bytes();
  return bytes;
}

void SequenceStates::clear() {
  tensors_.clear();
  length_ = 0;
}

StatefulModel::StatefulModel(InferenceSession& session, const Graph& graph, std::shared_ptr<const WeightSource> weights)
    : graph_(graph), past_(past_symbol(graph)), step_(step_of(graph)) {
  LoweredStates lowered = lower_states(with_states(graph));
  states_ = std::move(lowered.states);
  model_ = session.load(lowered.graph, std::move(weights));
}

std::map<std::string, Tensor> StatefulModel::execute(const std::map<std::string, Tensor>& inputs,
                                                     SequenceStates& states, const ExecuteOptions& options) const {
  std::map<std::string, Tensor> all = inputs;
  for (const auto& [name, tensor] : inputs)
    if (!graph_.find_input(name)) fail(ErrorCode::invalid_argument, "the graph has no input \"{}\"", printable(name));
  std::vector<Tensor> ordered;
  for (size_t i = 0; i < graph_.inputs().size(); ++i) {
    const auto found = inputs.find(graph_.input_name(i));
    if (found == inputs.end())
      fail(ErrorCode::invalid_argument, "input \"{}\" ({}) is missing", graph_.input_name(i),
           graph_.type_of(graph_.inputs()[i]).to_string());
    ordered.push_back(found->second);
  }
  DimBindings dims = ops::bind_dims(graph_, ordered);
  const int64_t step = step_.evaluate(dims);
  dims[*past_.as_symbol()] = states.length_;
  for (const StateInfo& state : states_) {
    const std::vector<int64_t> extents = evaluate(state.type.shape, dims);
    const auto kept = states.tensors_.find(state.name);
    if (kept == states.tensors_.end()) {
      all["state." + state.name] = Tensor(state.type.dtype, extents);
    } else if (kept->second.shape() != extents) {
      fail(ErrorCode::invalid_shape, "the state {} is kept as {}; with these inputs it would be {}", state.name,
           to_string(kept->second.shape()), to_string(extents));
    } else {
      all["state." + state.name] = kept->second;
    }
  }
  std::map<std::string, Tensor> found = model_.execute(all, options);
  std::map<std::string, Tensor> out;
  for (const Graph::Output& output : graph_.outputs()) out.emplace(output.name, found.at(output.name));
  for (const StateInfo& state : states_) states.tensors_[state.name] = found.at("state." + state.name);
  states.length_ += step;
  return out;
}

std::map<std::string, Tensor> execute_in_steps(const StatefulModel& model, const std::map<std::string, Tensor>& inputs,
                                               int64_t prefill, const ExecuteOptions& options) {
  const Graph& graph = model.graph();
  std::map<std::string, size_t> cut_axes;
  int64_t total = -1;
  for (const auto& [name, tensor] : inputs) {
    const auto index = graph.find_input(name);
    if (!index) continue;
    const auto axis = axis_with(graph.type_of(graph.inputs()[*index]), model.step());
    if (!axis || *axis >= static_cast<size_t>(tensor.rank())) continue;
    cut_axes.emplace(name, *axis);
    total = tensor.shape()[*axis];
  }
  if (total < 0) fail(ErrorCode::invalid_argument, "no input has an axis of positions ({})", model.step().to_string());
  if (prefill < 1 || prefill > total)
    fail(ErrorCode::invalid_argument, "the first call takes {} positions; expected 1 to {}", prefill, total);
  SequenceStates states;
  std::map<std::string, Tensor> out;
  for (int64_t begin = 0; begin < total;) {
    const int64_t count = begin == 0 ? prefill : 1;
    std::map<std::string, Tensor> part = inputs;
    for (const auto& [name, axis] : cut_axes) part[name] = cut(inputs.at(name), axis, begin, count);
    for (auto& [name, tensor] : model.execute(part, states, options)) {
      const auto index = graph.find_output(name);
      const auto axis = axis_with(graph.type_of(graph.outputs()[*index].value), model.step());
      if (!axis) {
        out.insert_or_assign(name, std::move(tensor));
        continue;
      }
      if (begin == 0) {
        std::vector<int64_t> shape = tensor.shape();
        shape[*axis] = total;
        out.insert_or_assign(name, Tensor(tensor.dtype(), shape));
      }
      paste(tensor, out.at(name), *axis, begin);
    }
    begin += count;
  }
  return out;
}

}  // namespace accelerate
