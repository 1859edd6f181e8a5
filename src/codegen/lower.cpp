#include "codegen/lower.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "codegen/primitives.h"
#include "ops/evaluate.h"

namespace accelerate::codegen {
namespace {

constexpr size_t kMaxNodes = 48;
constexpr size_t kMaxRank = 8;
constexpr double kExactIntegers = 9007199254740992;  // 2^53

bool is_one(const Dim& d) {
  return d.constant() == 1;
}

/// The lines' space of a shape: at least one axis.
Shape space_of(const Shape& shape) {
  return shape.empty() ? Shape{1} : shape;
}

Shape line_of(Shape space) {
  space.back() = 1;
  return space;
}

/// Does a value of this shape repeat along the space without anything to find out at run time.
bool broadcasts(const Shape& shape, const Shape& space) {
  if (shape.size() > space.size()) return false;
  size_t skipped = space.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i)
    if (!is_one(shape[i]) && !(shape[i] == space[skipped + i])) return false;
  return true;
}

/// A constant of one element that every loop can have as a number.
bool is_number(const Node& node) {
  if (node.op->name != "constant") return false;
  const Tensor& value = node.attrs.tensor("value");
  if (value.num_elements() != 1 || !loop_type(value.dtype())) return false;
  return is_float(value.dtype()) || std::fabs(value.get(0)) <= kExactIntegers;
}

bool is_stored(const Node& node) {
  return node.op->name == "weight" || node.op->name == "constant";
}

/// Needs no memory: made again wherever it is used.
bool is_free(const Node& node) {
  return is_number(node) || node.op->name == "dim_value";
}

/// The axes of the elements that the node runs over.
const Shape& run_shape(const Graph& graph, const Node& node) {
  bool reduces = reduction_of(node.op->name).has_value();
  return graph.type_of(reduces ? node.operands[0] : node.results[0]).shape;
}

/// Why the node is no instruction of the form.
std::optional<std::string> why_no_primitive(const Graph& graph, const Node& node) {
  if (node.op->is_view || node.op->name == "constant") return std::nullopt;
  for (const auto* ids : {&node.operands, &node.results})
    for (ValueId id : *ids) {
      const TensorType& type = graph.type_of(id);
      if (!type.encoding.plain() || !loop_type(type.dtype))
        return fmt::format("{} of {}", node.op->name, name_of(type.dtype));
      if (type.shape.size() > kMaxRank) return fmt::format("{} of rank {}", node.op->name, type.shape.size());
    }
  if (node.op->name == "weight" || node.op->name == "dim_value") return std::nullopt;
  if (reduction_of(node.op->name)) {
    const TensorType& x = graph.type_of(node.operands[0]);
    auto axes = node.attrs.integers("axes");
    bool last = axes.size() == 1 && axes[0] == x.rank() - 1;
    if (axes.empty() && x.rank() == 1) last = true;
    if (!last) return fmt::format("{} over another axis than the last", node.op->name);
    return std::nullopt;
  }
  auto it = primitives().find(node.op->name);
  if (it == primitives().end()) return fmt::format("{} has no loop form", node.op->name);
  // `where` is of the type that it chooses from.
  ValueId first = node.operands[node.op->name == "where" ? 1 : 0];
  if (!it->second.takes(*loop_type(graph.type_of(first).dtype)))
    return fmt::format("{} of {}", node.op->name, name_of(graph.type_of(first).dtype));
  for (ValueId id : node.operands)
    if (!broadcasts(graph.type_of(id).shape, graph.type_of(node.results[0]).shape))
      return fmt::format("{} of extents that may repeat or not", node.op->name);
  return std::nullopt;
}

std::optional<std::string> why_not(const Graph& graph, const Node& node, int depth) {
  auto why = why_no_primitive(graph, node);
  if (!why) return std::nullopt;
  bool fused = !node.regions.empty() && node.op->is_elementwise;
  if (!node.op->expand || depth > 6 || (!node.regions.empty() && !fused) || node.op->has_effects) return why;
  Graph simpler = ops::expand_node(graph, node);
  for (const Node& inner : simpler.nodes())
    if (auto reason = why_not(simpler, inner, depth + 1)) return fused ? reason : node.op->name + ": " + *reason;
  return std::nullopt;
}

Graph flattened(Graph graph) {
  for (int round = 0; round < 8; ++round) {
    Patch patch(graph);
    for (const Node& node : graph.nodes()) {
      if (!why_no_primitive(graph, node)) continue;
      if (!node.op->expand) fail(ErrorCode::unsupported_op, "no loop form: {}", *why_no_primitive(graph, node));
      std::vector<Value> operands;
      for (ValueId id : node.operands) operands.push_back(patch.value(id));
      auto results = node.op->expand(patch, node, operands);
      for (size_t r = 0; r < results.size(); ++r) patch.replace(node.results[r], results[r]);
    }
    if (patch.empty()) return graph;
    graph = patch.apply();
  }
  fail(ErrorCode::internal, "graph \"{}\" does not come to an end of its expansions", printable(graph.name()));
}

/// Assigns nodes to kernels.
class Grouping {
 public:
  explicit Grouping(const Graph& graph)
      : graph_(graph), users_(graph.users()), output_(graph.output_mask()), group_of_(graph.nodes().size(), -1) {
    for (size_t n = 0; n < graph.nodes().size(); ++n) {
      const Node& node = graph.nodes()[n];
      if (node.op->is_view || is_stored(node)) continue;
      bool free_and_unread = is_free(node) && !escapes(node.results[0], -1);
      if (!free_and_unread) place(static_cast<int>(n));
    }
  }

  struct Group {
    Shape space;
    std::vector<int> nodes;
  };
  const std::vector<Group>& groups() const { return groups_; }
  /// Is the value read outside of the group: by another one, by a view, as a result.
  bool escapes(ValueId id, int group) const {
    if (output_[id]) return true;
    return std::any_of(users_[id].begin(), users_[id].end(), [&](int user) {
      const Node& reader = graph_.nodes()[static_cast<size_t>(user)];
      return reader.op->is_view || (group >= 0 && group_of_[static_cast<size_t>(user)] != group);
    });
  }

 private:
  /// The last group that must have run before the node can be in a group, and the last that it reads directly.
  void place(int n) {
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    int direct = -1;
    int before = -1;  // groups up to this one must be over
    for (ValueId id : node.operands) {
      bool viewed = false;
      const Node* maker = graph_.producer(id);
      while (maker != nullptr && maker->op->is_view) {
        viewed = true;
        id = maker->operands[0];
        maker = graph_.producer(id);
      }
      int group = maker == nullptr ? -1 : group_of_[static_cast<size_t>(graph_.producer_index(id))];
      int& bound = viewed ? before : direct;
      bound = std::max(bound, group);
    }
    // Groups run in order, so any one from there on may take the node.
    int count = static_cast<int>(groups_.size());
    int group = std::max(direct, before + 1);
    while (group < count && !joins(group, n)) ++group;
    if (group < count) {
      groups_[static_cast<size_t>(group)].nodes.push_back(n);
    } else {
      groups_.push_back({space_of(run_shape(graph_, node)), {n}});
    }
    group_of_[static_cast<size_t>(n)] = group;
  }

  bool joins(int g, int n) {
    Group& group = groups_[static_cast<size_t>(g)];
    if (group.nodes.size() >= kMaxNodes) return false;
    const Node& node = graph_.nodes()[static_cast<size_t>(n)];
    Shape own = space_of(run_shape(graph_, node));
    Shape space = group.space;
    if (own.size() != space.size()) return false;
    if (!(own == space) && !(own == line_of(space))) {
      // A group of line values that meets the elements of its lines.
      if (!(space == line_of(own))) return false;
      space = own;
    }
    for (ValueId id : node.operands)
      if (!broadcasts(graph_.type_of(id).shape, space)) return false;
    // A reduced axis that was dropped does not broadcast back: such a value is only stored.
    std::vector<int> nodes = group.nodes;
    nodes.push_back(n);
    group_of_[static_cast<size_t>(n)] = g;
    bool fits = buffers_of(nodes, g) <= LoopKernel::kMaxBuffers;
    group_of_[static_cast<size_t>(n)] = -1;
    if (fits) group.space = space;
    return fits;
  }

  size_t buffers_of(const std::vector<int>& nodes, int group) const {
    std::set<ValueId> used;
    for (int n : nodes) {
      const Node& node = graph_.nodes()[static_cast<size_t>(n)];
      for (ValueId id : node.operands) {
        const Node* maker = graph_.producer(id);
        bool inside = maker != nullptr && group_of_[static_cast<size_t>(graph_.producer_index(id))] == group;
        if (!inside && !(maker != nullptr && is_free(*maker))) used.insert(id);
      }
      for (ValueId id : node.results)
        if (escapes(id, group)) used.insert(id);
    }
    return used.size();
  }

  const Graph& graph_;
  std::vector<std::vector<int>> users_;
  std::vector<bool> output_;
  std::vector<int> group_of_;
  std::vector<Group> groups_;
};

/// Writes one group as a kernel.
class KernelMaker {
 public:
  KernelMaker(const Graph& graph, const Grouping& grouping, int group)
      : graph_(graph), emitter_(kernel_), grouping_(grouping), group_(group) {}

  LoopKernel run() {
    const Grouping::Group& group = grouping_.groups()[static_cast<size_t>(group_)];
    kernel_.space = group.space;
    for (int n : group.nodes) emit(graph_.nodes()[static_cast<size_t>(n)]);
    for (int n : group.nodes)
      for (ValueId id : graph_.nodes()[static_cast<size_t>(n)].results)
        if (grouping_.escapes(id, group_)) store(id);
    return std::move(kernel_);
  }

 private:
  void emit(const Node& node) {
    ValueId result = node.results[0];
    if (is_free(node)) {
      get(result);
      return;
    }
    LoopType type = *loop_type(graph_.type_of(result).dtype);
    std::vector<int> in;
    for (ValueId id : node.operands) in.push_back(get(id));
    if (auto op = reduction_of(node.op->name)) {
      // Bool has no order of its own in every language.
      LoopType inner = type == LoopType::boolean ? LoopType::i32 : type;
      int reduced = emitter_.op(*op, inner, {emitter_.convert(in[0], inner)});
      made_[result] = emitter_.convert(reduced, type);
      if (!node.attrs.boolean("keepdims")) dropped_.insert(result);
      return;
    }
    made_[result] = primitives().find(node.op->name)->second.emit(emitter_, in, type);
  }

  /// The value in this kernel: made here, made again, or read.
  int get(ValueId id) {
    if (auto it = made_.find(id); it != made_.end()) return it->second;
    const Node* node = graph_.producer(id);
    const TensorType& type = graph_.type_of(id);
    LoopType loop = *loop_type(type.dtype);
    if (node != nullptr && is_number(*node))
      return made_[id] = emitter_.constant(loop, node->attrs.tensor("value").get(0));
    if (node != nullptr && node->op->name == "dim_value") {
      int out = emitter_.op(LoopOp::extent, loop, {});
      kernel_.values.back().index = kernel_.extents.size();
      kernel_.extents.push_back(node->attrs.dims("dim").at(0));
      return made_[id] = out;
    }
    int buffer = add_buffer(id, type.shape, false);
    int out = emitter_.op(LoopOp::load, loop, {});
    kernel_.values.back().buffer = buffer;
    kernel_.values.back().row = kernel_.buffers[static_cast<size_t>(buffer)].row;
    return made_[id] = out;
  }

  int add_buffer(ValueId id, Shape shape, bool written) {
    LoopBuffer buffer;
    buffer.value = id;
    buffer.type = *loop_type(graph_.type_of(id).dtype);
    buffer.written = written;
    buffer.row = !is_one(kernel_.space.back()) && (shape.empty() || is_one(shape.back()));
    buffer.shape = std::move(shape);
    kernel_.buffers.push_back(std::move(buffer));
    return static_cast<int>(kernel_.buffers.size()) - 1;
  }

  void store(ValueId id) {
    Shape shape = graph_.type_of(id).shape;
    if (dropped_.contains(id)) shape.emplace_back(1);
    kernel_.stores.push_back({made_.at(id), add_buffer(id, std::move(shape), true)});
  }

  const Graph& graph_;
  LoopKernel kernel_;
  LoopEmitter emitter_;
  const Grouping& grouping_;
  int group_;
  std::map<ValueId, int> made_;
  std::set<ValueId> dropped_;
};

}  // namespace

std::optional<std::string> why_no_loops(const Graph& graph, const Node& node) {
  return why_not(graph, node, 0);
}

LoopProgram lower(Graph graph) {
  LoopProgram out;
  out.graph = flattened(std::move(graph));
  Grouping grouping(out.graph);
  for (size_t g = 0; g < grouping.groups().size(); ++g)
    out.kernels.push_back(KernelMaker(out.graph, grouping, static_cast<int>(g)).run());
  return out;
}

}  // namespace accelerate::codegen
