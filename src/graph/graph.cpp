#include "graph/graph.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace accelerate {

const TensorType& Value::type() const {
  if (builder == nullptr) fail(ErrorCode::invalid_argument, "an empty Value was used");
  return builder->type_of(id);
}

const Dim& Value::dim(int axis) const {
  const Shape& s = shape();
  int index = axis < 0 ? axis + static_cast<int>(s.size()) : axis;
  if (index < 0 || index >= static_cast<int>(s.size()))
    fail(ErrorCode::invalid_shape, "axis {} is out of range for {}", axis, type().to_string());
  return s[static_cast<size_t>(index)];
}

std::vector<Value> Builder::add(const OpDef& op, std::span<const Value> operands, Attrs attrs,
                                std::vector<std::shared_ptr<const Graph>> regions) {
  Node node;
  node.op = &op;
  node.location = location_;
  std::vector<TensorType> operand_types;
  try {
    if (static_cast<int>(operands.size()) < op.min_operands ||
        (op.max_operands >= 0 && static_cast<int>(operands.size()) > op.max_operands))
      fail(ErrorCode::invalid_graph, "{} operands given; expected {}", operands.size(),
           op.max_operands < 0                  ? fmt::format("at least {}", op.min_operands)
           : op.min_operands == op.max_operands ? std::to_string(op.min_operands)
                                                : fmt::format("{} to {}", op.min_operands, op.max_operands));
    if (static_cast<int>(regions.size()) != op.num_regions)
      fail(ErrorCode::invalid_graph, "{} regions given; expected {}", regions.size(), op.num_regions);
    for (const Value& v : operands) {
      if (v.builder != this) fail(ErrorCode::invalid_argument, "an operand belongs to another graph");
      node.operands.push_back(v.id);
      operand_types.push_back(type_of(v.id));
    }
    node.attrs = op.complete(std::move(attrs));
    node.regions = std::move(regions);
    auto types = op.infer(InferContext(operand_types, node.attrs, node.regions));
    auto ids = store(std::move(node), std::move(types));
    std::vector<Value> out;
    out.reserve(ids.size());
    for (ValueId id : ids) out.push_back({this, id});
    return out;
  } catch (Error& error) {
    std::string types;
    for (const TensorType& type : operand_types) types += (types.empty() ? "" : ", ") + type.to_string();
    error.in(fmt::format("{}({}){}", op.name, types, location_.empty() ? "" : " at " + location_));
    throw;
  }
}

Value Builder::add1(const OpDef& op, std::initializer_list<Value> operands, Attrs attrs) {
  // Absent optional operands at the end are left out.
  std::vector<Value> given(operands);
  while (!given.empty() && !given.back()) given.pop_back();
  return add(op, given, std::move(attrs)).at(0);
}

Graph::Graph(std::string name, const std::vector<TensorType>& inputs) : name_(std::move(name)) {
  for (const TensorType& type : inputs) add_input("input" + std::to_string(inputs_.size()), type);
}

Value Graph::add_input(std::string name, TensorType type) {
  bool valid = !name.empty() && name.size() <= 128 && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
               std::all_of(name.begin(), name.end(),
                           [](unsigned char c) { return (c < 0x80 && std::isalnum(c) != 0) || c == '_' || c == '.'; });
  if (!valid)
    fail(ErrorCode::invalid_graph, "bad input name \"{}\": expected letters, digits, '_' and '.'", printable(name));
  if (find_input(name)) fail(ErrorCode::invalid_graph, "there already is an input \"{}\"", name);
  auto id = static_cast<ValueId>(values_.size());
  values_.push_back({std::move(type), -1});
  inputs_.push_back(id);
  input_names_.push_back(std::move(name));
  return {this, id};
}

void Graph::output(Value value, std::string name) {
  if (value.builder != this) fail(ErrorCode::invalid_argument, "the output belongs to another graph");
  if (name.empty()) name = "output" + std::to_string(outputs_.size());
  if (find_output(name)) fail(ErrorCode::invalid_graph, "there already is an output \"{}\"", printable(name));
  outputs_.push_back({std::move(name), value.id});
}

std::optional<size_t> Graph::find_input(std::string_view name) const {
  auto it = std::find(input_names_.begin(), input_names_.end(), name);
  if (it == input_names_.end()) return std::nullopt;
  return static_cast<size_t>(it - input_names_.begin());
}

std::optional<size_t> Graph::find_output(std::string_view name) const {
  auto it = std::find_if(outputs_.begin(), outputs_.end(), [&](const Output& o) { return o.name == name; });
  if (it == outputs_.end()) return std::nullopt;
  return static_cast<size_t>(it - outputs_.begin());
}

const Node* Graph::producer(ValueId id) const {
  int index = values_.at(id).producer;
  return index < 0 ? nullptr : &nodes_[static_cast<size_t>(index)];
}

std::vector<ValueId> Graph::store(Node node, std::vector<TensorType> types) {
  for (TensorType& type : types) {
    node.results.push_back(static_cast<ValueId>(values_.size()));
    values_.push_back({std::move(type), static_cast<int>(nodes_.size())});
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().results;
}

std::vector<std::vector<int>> Graph::users() const {
  std::vector<std::vector<int>> out(values_.size());
  for (size_t n = 0; n < nodes_.size(); ++n) {
    for (ValueId id : nodes_[n].operands) {
      auto& list = out[id];
      if (list.empty() || list.back() != static_cast<int>(n)) list.push_back(static_cast<int>(n));
    }
  }
  return out;
}

std::vector<bool> Graph::output_mask() const {
  std::vector<bool> out(values_.size(), false);
  for (const Output& o : outputs_) out[o.value] = true;
  return out;
}

// --- Patch ---

void Patch::replace(ValueId old, Value with) {
  if (with.builder != this) fail(ErrorCode::invalid_argument, "the replacement belongs to another graph");
  const TensorType& a = base_.type_of(old);
  const TensorType& b = type_of(with.id);
  if (a.dtype != b.dtype || a.rank() != b.rank())
    fail(ErrorCode::invalid_graph, "a value of type {} cannot be replaced by one of type {}", a.to_string(),
         b.to_string());
  if (old == with.id) return;
  replacements_[old] = with.id;
}

const TensorType& Patch::type_of(ValueId id) const {
  return id < base_.num_values() ? base_.type_of(id) : new_values_.at(id - base_.num_values()).type;
}

const Node* Patch::producer(ValueId id) const {
  if (id < base_.num_values()) return base_.producer(id);
  return &new_nodes_[static_cast<size_t>(new_values_.at(id - base_.num_values()).producer)];
}

std::vector<ValueId> Patch::store(Node node, std::vector<TensorType> types) {
  for (TensorType& type : types) {
    node.results.push_back(static_cast<ValueId>(base_.num_values() + new_values_.size()));
    new_values_.push_back({std::move(type), static_cast<int>(new_nodes_.size())});
  }
  new_nodes_.push_back(std::move(node));
  return new_nodes_.back().results;
}

namespace {

/// Unbacked symbols ("?u0") of dims and of the graphs of regions.
void collect_unbacked(const Shape& shape, std::vector<std::string>& out) {
  for (const Dim& dim : shape) {
    if (!dim.has_unbacked()) continue;
    std::vector<std::string> symbols;
    dim.collect_symbols(symbols);
    std::copy_if(symbols.begin(), symbols.end(), std::back_inserter(out),
                 [](const std::string& s) { return s.front() == '?'; });
  }
}

void collect_unbacked(const Node& node, std::vector<std::string>& out) {
  for (const auto& [name, attr] : node.attrs.map())
    if (const auto* dims = std::get_if<Shape>(&attr)) collect_unbacked(*dims, out);
  for (const auto& region : node.regions)
    for (const Node& inner : region->nodes()) collect_unbacked(inner, out);
}

}  // namespace

Graph Patch::apply() const {
  const size_t num_base = base_.num_values();
  auto resolve = [&](ValueId id) {
    for (size_t hops = 0; hops <= replacements_.size(); ++hops) {
      auto it = replacements_.find(id);
      if (it == replacements_.end()) return id;
      id = it->second;
    }
    fail(ErrorCode::internal, "the replacements of a patch form a cycle");
  };
  // Operands of base nodes follow replacements. Operands of new nodes do too, except where the new node is itself
  // (part of) the replacement of that value, so that `y = relu(x)` may replace x.
  auto total = num_base + new_values_.size();
  std::vector<std::vector<ValueId>> new_operands(new_nodes_.size());
  std::vector<std::set<ValueId>> reachable_from(
      new_nodes_.size());  // base values replaced by something that uses this node
  for (const auto& [old, with] : replacements_) {
    std::vector<ValueId> work = {with};
    while (!work.empty()) {
      ValueId id = work.back();
      work.pop_back();
      if (id < num_base) continue;
      auto n = static_cast<size_t>(new_values_[id - num_base].producer);
      if (!reachable_from[n].insert(old).second) continue;
      for (ValueId operand : new_nodes_[n].operands) work.push_back(operand);
    }
  }
  for (size_t n = 0; n < new_nodes_.size(); ++n) {
    for (ValueId id : new_nodes_[n].operands)
      new_operands[n].push_back(id < num_base && !reachable_from[n].contains(id) ? resolve(id) : id);
  }

  auto node_of = [&](ValueId id) -> std::pair<bool, int> {  // (is new, index), index -1 for inputs
    if (id < num_base) return {false, base_.producer_index(id)};
    return {true, new_values_[id - num_base].producer};
  };
  auto operands_of = [&](bool is_new, int index) {
    if (is_new) return new_operands[static_cast<size_t>(index)];
    std::vector<ValueId> out;
    for (ValueId id : base_.nodes()[static_cast<size_t>(index)].operands) out.push_back(resolve(id));
    return out;
  };
  // The value that defines each unbacked symbol: a node that names one in its attributes depends on it too. Where the
  // base value is replaced, the first new value with the symbol defines it.
  std::map<std::string, ValueId> definers;
  std::map<std::string, ValueId> new_definers;
  for (ValueId id = 0; id < total; ++id) {
    std::vector<std::string> symbols;
    collect_unbacked(type_of(id).shape, symbols);
    for (const std::string& s : symbols) {
      definers.emplace(s, id);
      if (id >= num_base) new_definers.emplace(s, id);
    }
  }
  for (auto& [symbol, id] : definers)
    if (auto it = new_definers.find(symbol); replacements_.contains(id) && it != new_definers.end()) id = it->second;
  auto dependencies_of = [&](bool is_new, int index) {
    auto out = operands_of(is_new, index);
    if (definers.empty()) return out;
    const Node& node = is_new ? new_nodes_[static_cast<size_t>(index)] : base_.nodes()[static_cast<size_t>(index)];
    std::vector<std::string> symbols;
    collect_unbacked(node, symbols);
    for (const std::string& s : symbols) {
      auto it = definers.find(s);
      if (it == definers.end()) continue;
      ValueId id = resolve(it->second);
      if (node_of(id) != std::pair(is_new, index)) out.push_back(id);
    }
    return out;
  };

  Graph out(base_.name_);
  std::vector<ValueId> mapped(total, UINT32_MAX);
  for (size_t i = 0; i < base_.inputs_.size(); ++i)
    mapped[base_.inputs_[i]] = out.add_input(base_.input_names_[i], base_.type_of(base_.inputs_[i])).id;

  // Liveness from outputs and effects.
  std::vector<bool> live_base(base_.nodes_.size(), false);
  std::vector<bool> live_new(new_nodes_.size(), false);
  std::vector<ValueId> work;
  for (const auto& o : base_.outputs_) work.push_back(resolve(o.value));
  for (size_t n = 0; n < base_.nodes_.size(); ++n) {
    const Node& node = base_.nodes_[n];
    bool replaced = !node.results.empty() && std::all_of(node.results.begin(), node.results.end(),
                                                         [&](ValueId r) { return replacements_.contains(r); });
    if (node.op->has_effects && !replaced && !node.results.empty()) work.push_back(node.results[0]);
  }
  while (!work.empty()) {
    ValueId id = work.back();
    work.pop_back();
    auto [is_new, index] = node_of(id);
    if (index < 0) continue;
    auto flag = is_new ? live_new.begin() + index : live_base.begin() + index;
    if (*flag) continue;
    *flag = true;
    for (ValueId operand : dependencies_of(is_new, index)) work.push_back(operand);
  }

  // Emit in base order; a node's operands that are not there yet are emitted first.
  std::vector<char> state_base(base_.nodes_.size(), 0);
  std::vector<char> state_new(new_nodes_.size(), 0);
  auto emit = [&](bool root_new, int root_index) {
    std::vector<std::pair<bool, int>> stack = {{root_new, root_index}};
    while (!stack.empty()) {
      auto [is_new, index] = stack.back();
      char& state = is_new ? state_new[static_cast<size_t>(index)] : state_base[static_cast<size_t>(index)];
      if (state == 2) {
        stack.pop_back();
        continue;
      }
      if (state == 0) {
        state = 1;
        bool pushed = false;
        for (ValueId id : dependencies_of(is_new, index)) {
          if (mapped[id] != UINT32_MAX) continue;
          auto [op_new, op_index] = node_of(id);
          char op_state = op_new ? state_new[static_cast<size_t>(op_index)] : state_base[static_cast<size_t>(op_index)];
          if (op_state == 1) fail(ErrorCode::internal, "a patch makes the graph cyclic");
          stack.emplace_back(op_new, op_index);
          pushed = true;
        }
        if (pushed) continue;
      }
      const Node& node = is_new ? new_nodes_[static_cast<size_t>(index)] : base_.nodes_[static_cast<size_t>(index)];
      std::vector<Value> values;
      for (ValueId id : operands_of(is_new, index)) {
        if (mapped[id] == UINT32_MAX) fail(ErrorCode::internal, "a patch makes the graph cyclic");
        values.push_back(out.value(mapped[id]));
      }
      auto results = copy_node(out, node, values);
      for (size_t r = 0; r < results.size(); ++r) mapped[node.results[r]] = results[r].id;
      state = 2;
      stack.pop_back();
    }
  };
  for (size_t n = 0; n < base_.nodes_.size(); ++n)
    if (live_base[n]) emit(false, static_cast<int>(n));
  for (size_t n = 0; n < new_nodes_.size(); ++n)
    if (live_new[n]) emit(true, static_cast<int>(n));
  for (const auto& o : base_.outputs_) out.output(out.value(mapped[resolve(o.value)]), o.name);
  return out;
}

std::vector<Value> copy_node(Builder& to, const Node& node, std::span<const Value> operands) {
  std::string saved = to.location();
  to.set_location(node.location);
  auto out = to.add(*node.op, operands, node.attrs, node.regions);
  to.set_location(std::move(saved));
  return out;
}

const Graph& Program::main() const {
  if (auto it = graphs.find("main"); it != graphs.end()) return it->second;
  if (graphs.size() == 1) return graphs.begin()->second;
  fail(ErrorCode::invalid_graph, "the program \"{}\" has {} graphs and none of role \"main\"", name, graphs.size());
}

}  // namespace accelerate
