#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op_def.h"

namespace accelerate {

using ValueId = uint32_t;

/// A handle to a value of a builder (a Graph or a Patch); valid while the builder lives and is not moved.
struct Value {
  Builder* builder = nullptr;
  ValueId id = 0;

  explicit operator bool() const { return builder != nullptr; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }
  int rank() const { return type().rank(); }
  /// Extent of an axis; negative counts from the back.
  const Dim& dim(int axis) const;
  bool operator==(const Value&) const = default;
};

/// One application of an op.
struct Node {
  const OpDef* op = nullptr;
  std::vector<ValueId> operands;
  Attrs attrs;
  std::vector<ValueId> results;
  std::vector<std::shared_ptr<const Graph>> regions;
  /// Where it came from, such as a module path; no part of the identity.
  std::string location;
};

/// Something that nodes can be added to.
class Builder {
 public:
  virtual ~Builder() = default;
  /// Checks operand count and attributes, infers the result types. Errors carry the op and the location.
  std::vector<Value> add(const OpDef& op, std::span<const Value> operands, Attrs attrs = {},
                         std::vector<std::shared_ptr<const Graph>> regions = {});
  /// add for ops of one result.
  Value add1(const OpDef& op, std::initializer_list<Value> operands, Attrs attrs = {});
  virtual const TensorType& type_of(ValueId id) const = 0;
  /// The node that made the value, or null for a graph input.
  virtual const Node* producer(ValueId id) const = 0;
  /// Given to nodes added from now on.
  void set_location(std::string location) { location_ = std::move(location); }
  const std::string& location() const { return location_; }

 protected:
  /// Stores the node and returns the ids of its results.
  virtual std::vector<ValueId> store(Node node, std::vector<TensorType> types) = 0;

 private:
  std::string location_;
};

/// A typed dataflow graph in static single assignment form; nodes are in execution order.
class Graph final : public Builder {
 public:
  Graph() = default;
  explicit Graph(std::string name, const std::vector<TensorType>& inputs = {});

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

  /// Errors: invalid_graph if the name is taken or not [A-Za-z_][A-Za-z0-9_.]*.
  Value add_input(std::string name, TensorType type);
  Value input(size_t i) { return {this, inputs_.at(i)}; }
  /// Names default to "output0", ... Errors: invalid_graph if the name is taken.
  void output(Value value, std::string name = "");
  Value value(ValueId id) { return {this, id}; }

  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::string& input_name(size_t i) const { return input_names_.at(i); }
  std::optional<size_t> find_input(std::string_view name) const;
  struct Output {
    std::string name;
    ValueId value;
  };
  const std::vector<Output>& outputs() const { return outputs_; }
  std::optional<size_t> find_output(std::string_view name) const;
  const std::vector<Node>& nodes() const { return nodes_; }
  size_t num_values() const { return values_.size(); }
  const TensorType& type_of(ValueId id) const override { return values_.at(id).type; }
  const Node* producer(ValueId id) const override;
  /// Index into nodes(), or -1 for an input.
  int producer_index(ValueId id) const { return values_.at(id).producer; }
  /// For each value, the indices of the nodes that use it (once a node), in order.
  std::vector<std::vector<int>> users() const;
  /// For each value: is it a graph output.
  std::vector<bool> output_mask() const;

 private:
  friend class Patch;
  struct ValueInfo {
    TensorType type;
    int producer = -1;
  };
  std::vector<ValueId> store(Node node, std::vector<TensorType> types) override;

  std::string name_;
  std::vector<ValueInfo> values_;
  std::vector<Node> nodes_;
  std::vector<ValueId> inputs_;
  std::vector<std::string> input_names_;
  std::vector<Output> outputs_;
};

/// A rewrite of a graph: new nodes, whose operands may be values of the base graph, and replacements of
/// base values. apply() gives a new graph without dead nodes; the base is not changed.
class Patch final : public Builder {
 public:
  explicit Patch(const Graph& base) : base_(base) {}
  const Graph& base() const { return base_; }
  Value value(ValueId base_value) { return {this, base_value}; }
  /// Every use of `old` outside of this patch's own new nodes becomes `with`.
  /// Errors: invalid_graph if the types differ in dtype or in rank.
  void replace(ValueId old, Value with);
  bool empty() const { return replacements_.empty(); }
  size_t num_replacements() const { return replacements_.size(); }
  const TensorType& type_of(ValueId id) const override;
  const Node* producer(ValueId id) const override;
  /// Errors: internal if the replacements form a cycle.
  Graph apply() const;

 private:
  std::vector<ValueId> store(Node node, std::vector<TensorType> types) override;
  const Graph& base_;
  std::vector<Node> new_nodes_;
  std::vector<Graph::ValueInfo> new_values_;  // ids continue after the base's
  std::map<ValueId, ValueId> replacements_;
};

/// Copies node, with its operands replaced by `operands`, to another builder.
std::vector<Value> copy_node(Builder& to, const Node& node, std::span<const Value> operands);

/// Checks everything that a hand-written or rewritten graph could get wrong: order, operand counts, attributes,
/// inferred types, dims that no input defines, tokens used twice, regions.
/// Errors: invalid_graph, invalid_shape, invalid_dtype, with the node in the context.
void verify(const Graph& graph);

/// Several graphs that make up one model, by role ("main", "encoder", "decoder", "prefill", ...), in the order of
/// roles.
struct Program {
  std::string name;
  std::map<std::string, Graph> graphs;
  /// Facts that tasks need, such as architecture and labels; no part of the identity.
  std::map<std::string, std::string> metadata;

  /// The graph of role "main", or the only one. Errors: invalid_graph.
  const Graph& main() const;
};
void verify(const Program& program);

/// Exact, readable form: parse_program(print(p)) prints the same again.
std::string print(const Program& program);
std::string print(const Graph& graph);
/// Errors: invalid_graph with line and column; unsupported_op. Bounded in depth; results are verified.
Program parse_program(std::string_view text, const OpRegistry& registry);
Graph parse_graph(std::string_view text, const OpRegistry& registry);

/// Hash of the computation: SHA-256 (hex) over the canonical text, without program name, metadata and locations.
std::string identity_hash(const Program& program);

}  // namespace accelerate
