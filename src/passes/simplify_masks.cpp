#include <algorithm>

#include "accelerate/ops.h"
#include "ops/support.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// A value that counts along one of its axes: element = position.
struct Counting {
  size_t axis = 0;
  Dim length;
};

class MaskRewriter {
 public:
  MaskRewriter(Patch& patch, const GraphIndex& index) : patch_(patch), index_(index) {}

  Value run(const Node& node) {
    const std::string& op = node.op->name;
    if (op == "gather_nd") return gathered_whole(node);
    if (op == "greater_equal" || op == "less_equal") return always(node);
    if (op == "bitwise_and" || op == "logical_and") return without_true(node);
    if (op == "scaled_dot_product_attention") return attention(node);
    return {};
  }

 private:
  /// The axis along which a chain of reshapes (that only insert axes of 1) and expansions of an iota counts.
  std::optional<Counting> counting(ValueId id) const {
    const Node* node = index_.graph().producer(id);
    if (node == nullptr) return std::nullopt;
    const Shape& shape = index_.shape(id);
    if (node->op->name == "iota") return Counting{0, shape[0]};
    if (node->op->name == "expand") {
      auto inner = counting(node->operands[0]);
      if (!inner) return std::nullopt;
      inner->axis += shape.size() - index_.shape(node->operands[0]).size();
      return shape[inner->axis] == inner->length ? inner : std::nullopt;
    }
    if (node->op->name != "reshape") return std::nullopt;
    auto inner = counting(node->operands[0]);
    if (!inner) return std::nullopt;
    // The axes that are not 1 stay in their order.
    const Shape& from = index_.shape(node->operands[0]);
    size_t a = 0;
    size_t b = 0;
    std::optional<size_t> axis;
    for (;;) {
      while (a < from.size() && from[a] == Dim(1) && a != inner->axis) ++a;
      while (b < shape.size() && shape[b] == Dim(1)) ++b;
      if (a == from.size() || b == shape.size()) break;
      if (from[a] != shape[b]) return std::nullopt;
      if (a == inner->axis) axis = b;
      ++a;
      ++b;
    }
    if (!axis || a != from.size() || b != shape.size()) return std::nullopt;
    return Counting{*axis, inner->length};
  }

  /// x[iota, iota, ...], where the indices count along different axes of the result in their order, is x reshaped.
  Value gathered_whole(const Node& node) {
    if (node.attrs.integer("batch_dims") != 0) return {};
    const Shape& x = index_.shape(node.operands[0]);
    const Shape& out = index_.shape(node.results[0]);
    const Node* tuples = index_.made_by(node.operands[1], "concat");
    if (tuples == nullptr || tuples->operands.size() != x.size() ||
        tuples->attrs.integer("axis") != index_.type(node.operands[1]).rank() - 1)
      return {};
    std::vector<bool> counted(out.size(), false);
    size_t previous = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      if (index_.shape(tuples->operands[k]).back() != Dim(1)) return {};
      auto c = counting(tuples->operands[k]);
      if (!c || c->length != x[k] || c->axis >= out.size() || out[c->axis] != x[k]) return {};
      if (k > 0 && c->axis <= previous) return {};
      previous = c->axis;
      counted[c->axis] = true;
    }
    for (size_t i = 0; i < out.size(); ++i)
      if (!counted[i] && out[i] != Dim(1)) return {};
    return ops::reshape(patch_.value(node.operands[0]), out);
  }

  Value all_true(const Shape& shape) {
    Value one = ops::scalar(patch_, DType::boolean, 1);
    return shape.empty() ? one : ops::expand(one, shape);
  }

  /// A position is never below zero.
  Value always(const Node& node) {
    bool left = node.op->name == "greater_equal";
    auto bound = index_.uniform(node.operands[left ? 1 : 0]);
    if (!bound || *bound > 0 || !counting(node.operands[left ? 0 : 1])) return {};
    return all_true(index_.shape(node.results[0]));
  }

  Value without_true(const Node& node) {
    const TensorType& type = index_.type(node.results[0]);
    if (type.dtype != DType::boolean) return {};
    for (size_t i = 0; i < 2; ++i) {
      auto uniform = index_.uniform(node.operands[i]);
      if (!uniform || *uniform != 1) continue;
      Value other = patch_.value(node.operands[1 - i]);
      return other.shape() == type.shape ? other : ops::expand(other, type.shape);
    }
    return {};
  }

  /// Is the value "key position <= query position" [1,1,T,S] with as many keys as queries.
  bool is_causal_mask(ValueId id) const {
    const Node* node = index_.graph().producer(id);
    while (node != nullptr && node->op->name == "expand") node = index_.graph().producer(node->operands[0]);
    if (node == nullptr || (node->op->name != "less_equal" && node->op->name != "greater_equal")) return false;
    bool less = node->op->name == "less_equal";
    auto key = counting(node->operands[less ? 0 : 1]);
    auto query = counting(node->operands[less ? 1 : 0]);
    if (!key || !query || key->length != query->length) return false;
    size_t rank = index_.shape(node->results[0]).size();
    auto from_back = [&](const Counting& c, ValueId of) { return index_.shape(of).size() - c.axis; };
    return rank >= 2 && from_back(*key, node->operands[less ? 0 : 1]) == 1 &&
           from_back(*query, node->operands[less ? 1 : 0]) == 2;
  }

  /// Splits "causal and rest"; false if there is no causal part. rest: empty if there is none.
  bool split_causal(ValueId id, Value& rest) {
    if (is_causal_mask(id)) return true;
    const Node* node = index_.graph().producer(id);
    while (node != nullptr && node->op->name == "expand") {
      id = node->operands[0];
      node = index_.graph().producer(id);
    }
    if (node == nullptr || (node->op->name != "bitwise_and" && node->op->name != "logical_and")) return false;
    for (size_t i = 0; i < 2; ++i) {
      Value inner;
      if (!split_causal(node->operands[i], inner)) continue;
      Value other = patch_.value(node->operands[1 - i]);
      rest = inner ? ops::logical_and(inner, other) : other;
      return true;
    }
    return false;
  }

  /// The mask without expansions, which attention does itself, and its causal part as a property of the op.
  Value attention(const Node& node) {
    if (node.operands.size() < 4) return {};
    ValueId mask = node.operands[3];
    ops::AttentionOptions options;
    options.scale = node.attrs.number("scale");
    options.is_causal = node.attrs.boolean("is_causal");
    options.softcap = node.attrs.number("softcap");
    options.layout = node.attrs.string("layout");
    auto with = [&](Value m) {
      return ops::scaled_dot_product_attention(patch_.value(node.operands[0]), patch_.value(node.operands[1]),
                                               patch_.value(node.operands[2]), m, options);
    };
    size_t position = options.layout == "BHTD" ? 2 : 1;
    const Dim& queries = index_.shape(node.operands[0])[position];
    const Dim& keys = index_.shape(node.operands[1])[position];
    Value rest;
    if (index_.type(mask).dtype == DType::boolean && !options.is_causal && queries == keys &&
        split_causal(mask, rest)) {
      options.is_causal = true;
      return with(rest && rest.rank() < 4 ? ops::reshape(rest, four_axes(rest.shape())) : rest);
    }
    if (index_.type(mask).dtype == DType::boolean && index_.uniform(mask) == 1) return with({});
    const Node* expand = index_.made_by(mask, "expand");
    if (expand == nullptr || index_.type(expand->operands[0]).rank() != 4) return {};
    return with(patch_.value(expand->operands[0]));
  }

  static Shape four_axes(const Shape& shape) {
    Shape out(4 - shape.size(), Dim(1));
    out.insert(out.end(), shape.begin(), shape.end());
    return out;
  }

  Patch& patch_;
  const GraphIndex& index_;
};

}  // namespace

Pass simplify_masks() {
  Pass pass;
  pass.name = "simplify_masks";
  pass.doc = "masks gathered by whole ranges, parts that are always true, expansions and the causal part of attention";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch,
                  [&](const GraphIndex& index, const Node& node) { return MaskRewriter(patch, index).run(node); });
  };
  return pass;
}

}  // namespace accelerate::passes
