#include <algorithm>
#include <iterator>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

constexpr size_t kMaxTables = 4;

/// A term of the sum: rows of a table, by indices or by position (the first rows of the table in order).
struct Term {
  ValueId table = 0;
  std::optional<ValueId> indices;
  Shape shape;  // of the indices, before broadcasting
};

class Fusion {
 public:
  Fusion(Patch& patch, const GraphIndex& index) : patch_(patch), index_(index) {}

  Value run(const Node& node) {
    if (node.op->name == "layer_norm") return fused(node.results[0], node.operands[0], &node);
    // A sum that no norm follows (one that does is taken with it).
    if (node.op->name != "add") return {};
    const Node* user = index_.sole_user(node.results[0]);
    if (user != nullptr && (user->op->name == "layer_norm" || user->op->name == "add")) return {};
    return fused(node.results[0], node.results[0], nullptr);
  }

 private:
  Value fused(ValueId result, ValueId sum, const Node* norm) {
    const TensorType& type = index_.type(sum);
    if (type.dtype != DType::f32 || type.rank() < 2 || index_.is_constant(sum)) return {};
    std::vector<Term> terms;
    if (norm != nullptr && !(index_.sole_user(sum) == norm)) return {};
    if (!collect(sum, type, true, terms) || terms.size() > kMaxTables) return {};
    if (norm == nullptr && terms.size() < 2) return {};
    Shape rows(type.shape.begin(), type.shape.end() - 1);
    std::vector<Value> tables;
    std::vector<Value> indices;
    for (const Term& term : terms) {
      Value index = term.indices ? patch_.value(*term.indices) : ops::iota(patch_, DType::i64, term.shape.back());
      tables.push_back(patch_.value(term.table));
      // Positions may stay without batch; any other broadcasting is written out.
      indices.push_back(is_suffix(index.shape(), rows) ? index : ops::expand(index, rows));
    }
    auto affine = [&](size_t i) {
      return norm != nullptr && norm->operands.size() > i ? patch_.value(norm->operands[i]) : Value();
    };
    double eps = norm != nullptr ? norm->attrs.number("eps") : 0.0;
    return ops::fused_embedding_norm(tables, indices, affine(1), affine(2), eps, norm != nullptr,
                                     index_.type(result).dtype);
  }

  /// Adds the terms of the sum. Intermediate sums and rows must have no other use.
  bool collect(ValueId id, const TensorType& type, bool root, std::vector<Term>& terms) {
    const Node* node = index_.graph().producer(id);
    if (node == nullptr || (!root && index_.sole_user(id) == nullptr)) return false;
    const std::string& op = node->op->name;
    if (op == "add" && index_.type(id).dtype == type.dtype)
      return terms.size() < kMaxTables && collect(node->operands[0], type, false, terms) &&
             collect(node->operands[1], type, false, terms);
    if (op == "expand" || (op == "cast" && is_float(index_.type(node->operands[0]).dtype)))
      return collect(node->operands[0], type, false, terms);
    if (op == "reshape") {
      // Leading axes of 1, as in table[None].
      const Shape& inner = index_.shape(node->operands[0]);
      const Shape& outer = index_.shape(id);
      if (outer.size() < inner.size() || !std::equal(inner.rbegin(), inner.rend(), outer.rbegin())) return false;
      if (!std::all_of(outer.begin(), outer.end() - static_cast<long>(inner.size()),
                       [](const Dim& d) { return d == Dim(1); }))
        return false;
      return collect(node->operands[0], type, false, terms);
    }
    Term term;
    if (op == "embedding") {
      term.table = node->operands[0];
      term.indices = node->operands[1];
      term.shape = index_.shape(node->operands[1]);
    } else if (op == "slice" && node->attrs.integer("axis") == 0 && node->attrs.integer("step") == 1 &&
               node->attrs.dims("start").at(0) == Dim(0) && index_.type(id).rank() == 2 &&
               index_.is_constant(node->operands[0])) {
      term.table = node->operands[0];
      term.shape = {index_.shape(id)[0]};
    } else {
      return false;
    }
    const TensorType& table = index_.type(term.table);
    if (table.rank() != 2 || (table.dtype != DType::f32 && table.dtype != DType::bf16 && table.dtype != DType::f16) ||
        !table.encoding.plain() || !index_.is_constant(term.table))
      return false;
    if (table.shape[1] != type.shape.back() || term.shape.size() + 1 > type.shape.size()) return false;
    TensorType rows(DType::i64, Shape(type.shape.begin(), type.shape.end() - 1));
    if (!broadcasts_into(TensorType(DType::i64, term.shape), rows)) return false;
    terms.push_back(term);
    return true;
  }

  /// Is `shape`, without its leading axes of 1, the end of `full`.
  static bool is_suffix(const Shape& shape, const Shape& full) {
    auto own = std::find_if(shape.begin(), shape.end(), [](const Dim& d) { return d != Dim(1); });
    return std::equal(shape.rbegin(), std::make_reverse_iterator(own), full.rbegin());
  }

  Patch& patch_;
  const GraphIndex& index_;
};

}  // namespace

Pass fuse_embeddings() {
  Pass pass;
  pass.name = "fuse_embeddings";
  pass.doc = "a sum of embeddings (word, position, type) and the layer_norm after it become fused_embedding_norm";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return Fusion(patch, index).run(node); });
  };
  return pass;
}

}  // namespace accelerate::passes
