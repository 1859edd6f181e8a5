#include <algorithm>
#include <cmath>
#include <limits>

#include "accelerate/ops.h"
#include "ops/support.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

constexpr double kExcluded = -std::numeric_limits<double>::infinity();
// A finite score that stands for "excluded": adding it to any score gives it again.
constexpr double kAlmostExcluded = -1e30;

struct Pattern {
  ValueId q = 0;
  ValueId k_transposed = 0;
  double scale = 1;
  Value bias;     // added to the scores
  Value allowed;  // bool
  /// The bias may hold minus infinity.
  bool excludes = false;
};

class Recognizer {
 public:
  Recognizer(Patch& patch, const GraphIndex& index) : patch_(patch), index_(index) {}

  /// What replaces matmul(softmax(scores), v).
  Value run(const Node& product) {
    if (product.op->name != "matmul") return {};
    const TensorType& out = index_.type(product.results[0]);
    int rank = out.rank();
    if ((rank != 3 && rank != 4) || (out.dtype != DType::f32 && out.dtype != DType::f64)) return {};
    const Node* softmax = softmax_behind(product, product.operands[0]);
    if (softmax == nullptr || softmax->attrs.integer("axis") != rank - 1) return {};
    ValueId scores = softmax->operands[0];
    Pattern pattern;
    if (!descend(scores, 1, pattern, 0)) return {};
    const Shape& shape = index_.shape(scores);
    take_literal_factor(pattern.q, pattern.scale);
    take_literal_factor(pattern.k_transposed, pattern.scale);
    if (!(pattern.scale > 0) || !std::isfinite(pattern.scale)) return {};
    if (!fits(index_.shape(pattern.q), index_.shape(pattern.k_transposed), index_.shape(product.operands[1]), shape))
      return {};
    Value q = patch_.value(pattern.q);
    Value k = with_swapped_matrix(pattern.k_transposed);
    Value v = patch_.value(product.operands[1]);
    if (Value fewer = shared_heads(k), fewer_v = shared_heads(v); fewer && fewer_v && fewer.dim(1) == fewer_v.dim(1)) {
      k = fewer;
      v = fewer_v;
    }
    Value mask = pattern.bias;
    if (pattern.allowed)
      mask = mask ? ops::where(pattern.allowed, mask, ops::scalar_like(mask, kExcluded)) : pattern.allowed;
    ops::AttentionOptions options;
    options.scale = pattern.scale;
    Value result;
    if (rank == 4) {
      result = ops::scaled_dot_product_attention(q, k, v, mask, options);
    } else {
      // [batch * heads, T, D]: one head each.
      if (mask && mask.rank() == 3) mask = ops::unsqueeze(mask, 1);
      result = ops::squeeze(ops::scaled_dot_product_attention(ops::unsqueeze(q, 1), ops::unsqueeze(k, 1),
                                                              ops::unsqueeze(v, 1), mask, options),
                            1);
    }
    if (guarded_ != nullptr) return result;
    // Without a guard the softmax of a row without keys is not a number; attention gives 0 there.
    Value none = ops::scalar_like(result, std::numeric_limits<double>::quiet_NaN());
    if (pattern.allowed) result = ops::where(ops::reduce_any(pattern.allowed, {-1}, true), result, none);
    if (pattern.excludes) {
      Value top = ops::reduce_max(pattern.bias, {-1}, true);
      result = ops::where(ops::greater(top, ops::scalar_like(top, kExcluded)), result, none);
    }
    return result;
  }

 private:
  /// The softmax, perhaps behind a guard that makes rows without keys 0.
  const Node* softmax_behind(const Node& user, ValueId id) {
    if (index_.sole_user(id) != &user) return nullptr;
    if (const Node* softmax = index_.made_by(id, "softmax")) return softmax;
    const Node* guard = index_.made_by(id, "where");
    if (guard == nullptr || index_.uniform(guard->operands[1]) != 0.0) return nullptr;
    const Node* softmax = index_.made_by(guard->operands[2], "softmax");
    const Node* equal = index_.made_by(guard->operands[0], "equal");
    if (softmax == nullptr || equal == nullptr || index_.sole_user(guard->operands[2]) != guard ||
        index_.sole_user(guard->operands[0]) != guard)
      return nullptr;
    for (size_t i = 0; i < 2; ++i) {
      const Node* top = index_.made_by(equal->operands[i], "reduce_max");
      if (top != nullptr && top->operands[0] == softmax->operands[0] &&
          index_.uniform(equal->operands[1 - i]) == kExcluded) {
        guarded_ = top;
        return softmax;
      }
    }
    return nullptr;
  }

  /// No one else reads the value (the guard of the softmax may).
  bool is_private(ValueId id) const {
    if (index_.is_output(id)) return false;
    int others = 0;
    for (int user : index_.users(id))
      if (&index_.graph().nodes()[static_cast<size_t>(user)] != guarded_) ++others;
    return others == 1;
  }

  /// Takes scale, bias and mask off the scores until q k^T is left. `scale` multiplies the value in the scores.
  bool descend(ValueId id, double scale, Pattern& out, int depth) {
    const Node* node = index_.graph().producer(id);
    if (node == nullptr || depth > 6 || !is_private(id)) return false;
    const std::string& op = node->op->name;
    const TensorType& type = index_.type(id);
    auto same_as_scores = [&](ValueId operand) { return index_.type(operand) == type; };
    if (op == "matmul") {
      out.q = node->operands[0];
      out.k_transposed = node->operands[1];
      out.scale = scale;
      return true;
    }
    if (op == "mul" || op == "div") {
      for (size_t i = 0; i < (op == "mul" ? 2U : 1U); ++i) {
        auto factor = index_.uniform(node->operands[1 - i]);
        if (factor && *factor != 0 && same_as_scores(node->operands[i]))
          return descend(node->operands[i], op == "mul" ? scale * *factor : scale / *factor, out, depth + 1);
      }
      return false;
    }
    if (op == "add" && scale == 1) {
      for (size_t i = 0; i < 2; ++i) {
        ValueId rest = node->operands[i];
        ValueId bias = node->operands[1 - i];
        Pattern inner = out;
        if (!same_as_scores(rest) || !descend(rest, scale, inner, depth + 1)) continue;
        out = inner;
        out.bias = out.bias ? ops::add(out.bias, patch_.value(bias)) : patch_.value(bias);
        out.excludes = out.excludes || holds_excluded(bias, 0);
        return true;
      }
      return false;
    }
    if (op == "where" && scale == 1) {
      for (size_t i = 1; i <= 2; ++i) {
        auto fill = index_.uniform(node->operands[3 - i]);
        if (!fill || *fill > kAlmostExcluded || !same_as_scores(node->operands[i])) continue;
        if (!descend(node->operands[i], scale, out, depth + 1)) return false;
        Value condition = patch_.value(node->operands[0]);
        if (*fill == kExcluded) {
          if (i == 2) condition = ops::logical_not(condition);
          out.allowed = out.allowed ? ops::logical_and(out.allowed, condition) : condition;
        } else {
          // Rows whose keys are all excluded share their weight evenly: so does a sum with the finite score.
          Value zero = ops::scalar(patch_, type.dtype, 0);
          Value low = ops::scalar(patch_, type.dtype, *fill);
          Value bias = i == 1 ? ops::where(condition, zero, low) : ops::where(condition, low, zero);
          if (out.bias) return false;
          out.bias = bias;
        }
        return true;
      }
    }
    return false;
  }

  /// Is minus infinity filled in where the value is made.
  bool holds_excluded(ValueId id, int depth) const {
    if (index_.uniform(id) == kExcluded) return true;
    const Node* node = index_.graph().producer(id);
    if (node == nullptr || depth > 8) return false;
    for (const char* op :
         {"where", "add", "mul", "expand", "reshape", "slice", "transpose", "cast", "concat", "masked_scatter"})
      if (node->op->name == op)
        return std::any_of(node->operands.begin(), node->operands.end(),
                           [&](ValueId operand) { return holds_excluded(operand, depth + 1); });
    return false;
  }

  /// x * c -> x, c; also through a transpose.
  void take_literal_factor(ValueId& id, double& scale) const {
    const Node* node = index_.graph().producer(id);
    if (node == nullptr || (node->op->name != "mul" && node->op->name != "div")) return;
    for (size_t i = 0; i < (node->op->name == "mul" ? 2U : 1U); ++i) {
      auto factor = index_.uniform(node->operands[1 - i]);
      if (!factor || *factor == 0 || !(index_.type(node->operands[i]) == index_.type(id))) continue;
      scale = node->op->name == "mul" ? scale * *factor : scale / *factor;
      id = node->operands[i];
      return;
    }
  }

  /// Batches, heads and sizes as attention wants them, without broadcasting.
  static bool fits(const Shape& q, const Shape& kt, const Shape& v, const Shape& scores) {
    size_t rank = scores.size();
    if (q.size() != rank || kt.size() != rank || v.size() != rank) return false;
    for (size_t i = 0; i + 2 < rank; ++i)
      if (q[i] != kt[i] || q[i] != v[i] || q[i] != scores[i]) return false;
    return q[rank - 1] == kt[rank - 2] && kt[rank - 1] == v[rank - 2];
  }

  /// The value with its last two axes exchanged, by changing the transpose that made it if there is one.
  Value with_swapped_matrix(ValueId id) {
    int rank = index_.type(id).rank();
    std::vector<int64_t> permutation;
    Value source = patch_.value(id);
    if (const Node* transpose = index_.made_by(id, "transpose")) {
      permutation = transpose->attrs.integers("permutation");
      source = patch_.value(transpose->operands[0]);
    } else {
      for (int64_t i = 0; i < rank; ++i) permutation.push_back(i);
    }
    std::swap(permutation[static_cast<size_t>(rank - 1)], permutation[static_cast<size_t>(rank - 2)]);
    return std::is_sorted(permutation.begin(), permutation.end()) ? source : ops::transpose(source, permutation);
  }

  /// [B,K,S,D], if x [B,K*n,S,D] repeats each head n times: reshape(expand([B,K,1,S,D] -> [B,K,n,S,D])).
  Value shared_heads(Value x) {
    if (x.id >= index_.graph().num_values() || x.rank() != 4) return {};
    const Node* flat = index_.made_by(x.id, "reshape");
    const Node* expand = flat == nullptr ? nullptr : index_.made_by(flat->operands[0], "expand");
    if (expand == nullptr) return {};
    const Shape& from = index_.shape(expand->operands[0]);
    const Shape& to = index_.shape(expand->results[0]);
    const Shape& all = x.shape();
    if (from.size() != 5 || to.size() != 5 || from[2] != Dim(1)) return {};
    for (size_t i : {0, 1, 3, 4})
      if (from[i] != to[i]) return {};
    if (to[0] != all[0] || to[3] != all[2] || to[4] != all[3] || to[1] * to[2] != all[1]) return {};
    return ops::reshape(patch_.value(expand->operands[0]), {from[0], from[1], from[3], from[4]});
  }

  Patch& patch_;
  const GraphIndex& index_;
  const Node* guarded_ = nullptr;
};

}  // namespace

Pass recognize_attention() {
  Pass pass;
  pass.name = "recognize_attention";
  pass.doc = "softmax(q k^T * scale + mask) v becomes scaled_dot_product_attention";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return Recognizer(patch, index).run(node); });
  };
  return pass;
}

}  // namespace accelerate::passes
