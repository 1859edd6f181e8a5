#include "passes/graph_index.h"

#include <algorithm>

#include "ops/support.h"

namespace accelerate::passes {
namespace {

constexpr int64_t kMaxInspected = 4096;  // elements of a literal that uniform() reads

bool has_fixed_dims(const Node& node) {
  return std::all_of(node.attrs.map().begin(), node.attrs.map().end(), [](const auto& entry) {
    const auto* dims = std::get_if<Shape>(&entry.second);
    return dims == nullptr || is_static(*dims);
  });
}

}  // namespace

GraphIndex::GraphIndex(const Graph& graph)
    : graph_(graph),
      users_(graph.users()),
      uses_(graph.num_values(), 0),
      outputs_(graph.output_mask()),
      constant_(graph.num_values(), false) {
  for (const Node& node : graph.nodes()) {
    for (ValueId id : node.operands) ++uses_[id];
    bool fixed = !node.op->has_effects && node.regions.empty() && has_fixed_dims(node) &&
                 std::all_of(node.operands.begin(), node.operands.end(), [&](ValueId id) { return constant_[id]; });
    for (ValueId id : node.results) constant_[id] = fixed && is_static(type(id).shape) && !type(id).is_token();
  }
  for (const auto& output : graph.outputs()) ++uses_[output.value];
}

const Node* GraphIndex::made_by(ValueId id, std::string_view op) const {
  const Node* node = graph_.producer(id);
  return node != nullptr && node->op->name == op ? node : nullptr;
}

const Node* GraphIndex::sole_user(ValueId id) const {
  if (uses_[id] != 1 || outputs_[id]) return nullptr;
  return &graph_.nodes()[static_cast<size_t>(users_[id].front())];
}

const Tensor* GraphIndex::literal(ValueId id) const {
  const Node* node = made_by(id, "constant");
  return node == nullptr ? nullptr : &node->attrs.tensor("value");
}

std::optional<double> GraphIndex::uniform(ValueId id) const {
  const Node* node = graph_.producer(id);
  if (node == nullptr || type(id).dtype == DType::c64) return std::nullopt;
  if (node->op->name == "constant") {
    const Tensor& value = node->attrs.tensor("value");
    int64_t count = value.num_elements();
    if (count < 1 || count > kMaxInspected) return std::nullopt;
    double first = value.get(0);
    // Integers beyond 2^53 do not fit a double.
    if (is_integer(value.dtype()) && std::abs(first) > 0x1p53) return std::nullopt;
    for (int64_t i = 1; i < count; ++i)
      if (!(value.get(i) == first)) return std::nullopt;
    return first;
  }
  if (node->op->name == "full")
    return is_integer(type(id).dtype)
               ? std::nullopt
               : std::optional(Tensor::scalar(type(id).dtype, node->attrs.number("value")).get(0));
  if (node->op->name == "expand" || node->op->name == "reshape" || node->op->name == "transpose")
    return uniform(node->operands[0]);
  if (node->op->name == "cast") {
    auto inner = uniform(node->operands[0]);
    if (!inner || type(id).encoding.plain() == false) return std::nullopt;
    Tensor cast = Tensor::scalar(type(node->operands[0]).dtype, *inner).cast(type(id).dtype);
    double out = cast.get(0);
    return is_integer(cast.dtype()) && std::abs(out) > 0x1p53 ? std::nullopt : std::optional(out);
  }
  return std::nullopt;
}

void rewrite_nodes(Patch& patch, const std::function<Value(const GraphIndex&, const Node&)>& rule) {
  GraphIndex index(patch.base());
  for (const Node& node : patch.base().nodes()) {
    if (node.results.size() != 1 || node.op->has_effects) continue;
    patch.set_location(node.location);
    if (Value with = rule(index, node)) patch.replace(node.results[0], with);
  }
}

bool broadcasts_into(const TensorType& b, const TensorType& a) {
  if (b.rank() > a.rank()) return false;
  size_t shift = a.shape.size() - b.shape.size();
  for (size_t i = 0; i < b.shape.size(); ++i)
    if (b.shape[i] != Dim(1) && b.shape[i] != a.shape[i + shift]) return false;
  return true;
}

std::optional<std::string> activation_of(const Node& node) {
  const std::string& name = node.op->name;
  if (name == "gelu") {
    const std::string& approximate = node.attrs.string("approximate");
    if (approximate == "none") return "gelu";
    if (approximate == "tanh") return "gelu_tanh";
    return std::nullopt;
  }
  if (name == "relu" || name == "quick_gelu" || name == "silu" || name == "tanh" || name == "sigmoid") return name;
  return std::nullopt;
}

std::vector<int64_t> channels_to_last(int rank) {
  std::vector<int64_t> out = {0};
  for (int64_t i = 2; i < rank; ++i) out.push_back(i);
  out.push_back(1);
  return out;
}

std::vector<int64_t> channels_to_front(int rank) {
  std::vector<int64_t> out = {0, rank - 1};
  for (int64_t i = 1; i < rank - 1; ++i) out.push_back(i);
  return out;
}

bool is_permutation(const Node* transpose, const std::vector<int64_t>& permutation) {
  return transpose != nullptr && transpose->op->name == "transpose" &&
         transpose->attrs.integers("permutation") == permutation;
}

}  // namespace accelerate::passes
