#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// Positions [start, end) with a step, of the last axis of a value.
struct Part {
  ValueId of = 0;
  Dim start;
  Dim end;
  int64_t step = 1;
};

class RotaryRecognizer {
 public:
  RotaryRecognizer(Patch& patch, const GraphIndex& index) : patch_(patch), index_(index) {}

  Value run(const Node& node) {
    if (node.op->name == "add") return whole(node);
    if (node.op->name == "concat") return partial(node);
    if (node.op->name == "rotary_embedding") return before_transpose(node);
    return {};
  }

 private:
  bool is_last(const Node& node) const { return node.attrs.integer("axis") == index_.type(node.results[0]).rank() - 1; }

  std::optional<Part> part_of(ValueId id) const {
    const Node* node = index_.graph().producer(id);
    if (node == nullptr || (node->op->name != "slice" && node->op->name != "split") || !is_last(*node))
      return std::nullopt;
    if (node->op->name == "slice")
      return Part{node->operands[0], node->attrs.dims("start")[0], node->attrs.dims("end")[0],
                  node->attrs.integer("step")};
    Dim start = 0;
    for (ValueId result : node->results) {
      Dim end = start + index_.shape(result).back();
      if (result == id) return Part{node->operands[0], start, end, 1};
      start = end;
    }
    return std::nullopt;
  }

  /// Is `b` minus the second elements of the pairs of x, and `a` the first ones.
  bool are_halves(ValueId b, ValueId a, ValueId x, bool interleaved) const {
    const Node* neg = index_.made_by(b, "neg");
    auto second = neg == nullptr ? std::nullopt : part_of(neg->operands[0]);
    auto first = part_of(a);
    if (!first || !second || first->of != x || second->of != x) return false;
    const Dim& size = index_.shape(x).back();
    if (interleaved) return first->step == 2 && second->step == 2 && first->start == Dim(0) && second->start == Dim(1);
    return first->step == 1 && second->step == 1 && first->start == Dim(0) && first->end * 2 == size &&
           second->start == first->end && second->end == size;
  }

  /// Is the value (-x2, x1) of the pairs of x; how they are paired.
  std::optional<bool> turned(ValueId id, ValueId x) const {
    const Node* flat = index_.made_by(id, "reshape");
    const Node* concat = index_.made_by(flat == nullptr ? id : flat->operands[0], "concat");
    if (concat == nullptr || concat->operands.size() != 2 || !is_last(*concat)) return std::nullopt;
    if (index_.shape(id) != index_.shape(x)) return std::nullopt;
    if (flat == nullptr)
      return are_halves(concat->operands[0], concat->operands[1], x, false) ? std::optional(false) : std::nullopt;
    // stack((-x[1::2], x[0::2]), -1).flatten(-2)
    ValueId parts[2];
    for (size_t i = 0; i < 2; ++i) {
      const Node* column = index_.made_by(concat->operands[i], "reshape");
      if (column == nullptr || index_.shape(concat->operands[i]).back() != Dim(1)) return std::nullopt;
      parts[i] = column->operands[0];
    }
    return are_halves(parts[0], parts[1], x, true) ? std::optional(true) : std::nullopt;
  }

  /// The table as [T,R] or [B,T,R] for x in the layout, from one that broadcasts over the heads.
  Value table(ValueId id, const Shape& x, std::string_view layout) {
    const Shape& shape = index_.shape(id);
    if (shape.size() < 2 || shape.size() > 4 || shape.back() != x[3]) return {};
    bool heads_first = layout == "BHTD";
    Shape full(4 - shape.size(), Dim(1));
    full.insert(full.end(), shape.begin(), shape.end());
    const Dim& positions = x[heads_first ? 2 : 1];
    if (full[heads_first ? 1 : 2] != Dim(1) || full[heads_first ? 2 : 1] != positions) return {};
    if (full[0] != Dim(1) && full[0] != x[0]) return {};
    return ops::reshape(patch_.value(id), {full[0], positions, x[3]});
  }

  /// x * cos + turned(x) * sin
  Value whole(const Node& node) {
    const TensorType& type = index_.type(node.results[0]);
    if (type.rank() != 4 || !is_float(type.dtype) || !type.shape[3].is_constant()) return {};
    for (size_t i = 0; i < 2; ++i) {
      const Node* plain = index_.made_by(node.operands[i], "mul");
      const Node* other = index_.made_by(node.operands[1 - i], "mul");
      if (plain == nullptr || other == nullptr) return {};
      for (size_t p = 0; p < 2; ++p) {
        ValueId x = plain->operands[p];
        if (!(index_.type(x) == type)) continue;
        for (size_t o = 0; o < 2; ++o) {
          auto interleaved = turned(other->operands[o], x);
          if (!interleaved) continue;
          ValueId cos = plain->operands[1 - p];
          ValueId sin = other->operands[1 - o];
          for (const char* layout : {"BHTD", "BTHD"}) {
            Value cos_table = table(cos, type.shape, layout);
            Value sin_table = table(sin, type.shape, layout);
            if (cos_table && sin_table && cos_table.shape() == sin_table.shape())
              return ops::rotary_embedding(patch_.value(x), cos_table, sin_table, *interleaved, layout);
          }
        }
      }
    }
    return {};
  }

  /// concat(rotary(x[..., :R]), x[..., R:])
  Value partial(const Node& node) {
    if (node.operands.size() != 2 || !is_last(node)) return {};
    const Node* rotary = index_.made_by(node.operands[0], "rotary_embedding");
    if (rotary == nullptr) return {};
    auto turning = part_of(rotary->operands[0]);
    auto rest = part_of(node.operands[1]);
    if (!turning || !rest || turning->of != rest->of || turning->step != 1 || rest->step != 1) return {};
    if (turning->start != Dim(0) || rest->start != turning->end || rest->end != index_.shape(rest->of).back() ||
        !(index_.type(rest->of) == index_.type(node.results[0])))
      return {};
    auto size = index_.shape(rotary->operands[0]).back().constant();
    if (!size || *size != rotary->attrs.integer("rotary_dim")) return {};
    return ops::rotary_embedding(patch_.value(rest->of), patch_.value(rotary->operands[1]),
                                 patch_.value(rotary->operands[2]), rotary->attrs.boolean("interleaved"),
                                 rotary->attrs.string("layout"), *size);
  }

  /// Heads that were exchanged with positions before they turn are exchanged after: where attention takes the
  /// exchange away.
  Value before_transpose(const Node& node) {
    const std::vector<int64_t> swap = {0, 2, 1, 3};
    const Node* transpose = index_.made_by(node.operands[0], "transpose");
    if (!is_permutation(transpose, swap) || node.attrs.string("layout") != "BHTD") return {};
    Value out = ops::rotary_embedding(patch_.value(transpose->operands[0]), patch_.value(node.operands[1]),
                                      patch_.value(node.operands[2]), node.attrs.boolean("interleaved"), "BTHD",
                                      node.attrs.integer("rotary_dim"));
    return ops::transpose(out, swap);
  }

  Patch& patch_;
  const GraphIndex& index_;
};

}  // namespace

Pass recognize_rotary() {
  Pass pass;
  pass.name = "recognize_rotary";
  pass.doc = "x * cos + (-x2, x1) * sin becomes rotary_embedding, also over a part of the head";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch,
                  [&](const GraphIndex& index, const Node& node) { return RotaryRecognizer(patch, index).run(node); });
  };
  return pass;
}

}  // namespace accelerate::passes
