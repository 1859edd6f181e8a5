#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate::passes {

/// What rewrites ask about a graph: who made a value, who uses it, what is known of it at compile time.
class GraphIndex {
 public:
  explicit GraphIndex(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const TensorType& type(ValueId id) const { return graph_.type_of(id); }
  const Shape& shape(ValueId id) const { return graph_.type_of(id).shape; }
  /// Index of a node of graph().nodes().
  int index_of(const Node& node) const { return static_cast<int>(&node - graph_.nodes().data()); }

  /// The node that made the value if it is an application of `op`, else null.
  const Node* made_by(ValueId id, std::string_view op) const;
  /// Operand slots that read the value, plus graph outputs that are it.
  int num_uses(ValueId id) const { return uses_[id]; }
  bool is_output(ValueId id) const { return outputs_[id]; }
  /// The node that reads the value in the only use of it; null if there are more uses, none, or it is an output.
  const Node* sole_user(ValueId id) const;
  /// Indices of the nodes that use the value, ascending.
  const std::vector<int>& users(ValueId id) const { return users_[id]; }

  /// Depends on weights and literals only, with fixed extents: the same in each call.
  bool is_constant(ValueId id) const { return constant_[id]; }
  /// The number that all elements of the value equal, if it is a literal (perhaps expanded, reshaped or cast).
  std::optional<double> uniform(ValueId id) const;
  /// The tensor of a `constant` node, or null.
  const Tensor* literal(ValueId id) const;

 private:
  const Graph& graph_;
  std::vector<std::vector<int>> users_;
  std::vector<int> uses_;
  std::vector<bool> outputs_;
  std::vector<bool> constant_;
};

/// Calls rule for each node of patch.base() and replaces the node's only result by the value it returns, unless that is
/// empty. New nodes get the node's location.
void rewrite_nodes(Patch& patch, const std::function<Value(const GraphIndex&, const Node&)>& rule);

/// Is b an operand that can be added to a without changing a's type.
bool broadcasts_into(const TensorType& b, const TensorType& a);

/// The name that fused ops give to the activation that the node computes ("relu", "gelu_tanh", ...), if it is one.
std::optional<std::string> activation_of(const Node& node);

/// {0, 2, ..., rank - 1, 1} and {0, rank - 1, 1, ..., rank - 2}: channels to the last axis and back to axis 1.
std::vector<int64_t> channels_to_last(int rank);
std::vector<int64_t> channels_to_front(int rank);
bool is_permutation(const Node* transpose, const std::vector<int64_t>& permutation);

}  // namespace accelerate::passes
