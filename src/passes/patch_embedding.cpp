#include <algorithm>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

bool all_equal(const std::vector<int64_t>& values, int64_t expected) {
  return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == expected; });
}

/// Is the value read once, as transpose([0, 2, 1]) of its positions flattened: [B,O,n...] -> [B,O,n] -> [B,n,O].
bool becomes_sequence(const GraphIndex& index, ValueId id) {
  const Shape& shape = index.shape(id);
  const Node* flat = index.sole_user(id);
  if (flat == nullptr || flat->op->name != "reshape") return false;
  const Shape& merged = index.shape(flat->results[0]);
  if (merged.size() != 3 || merged[0] != shape[0] || merged[1] != shape[1]) return false;
  return is_permutation(index.sole_user(flat->results[0]), {0, 2, 1});
}

Value patches(Patch& patch, const GraphIndex& index, const Node& node) {
  if (node.op->name != "conv" || node.attrs.string("layout") != "NCHW" || node.attrs.integer("groups") != 1) return {};
  const TensorType& x = index.type(node.operands[0]);
  const TensorType& weight = index.type(node.operands[1]);
  if (!weight.encoding.plain() || !index.is_constant(node.operands[1])) return {};
  const auto& strides = node.attrs.integers("strides");
  if (!all_equal(node.attrs.integers("padding_begin"), 0) || !all_equal(node.attrs.integers("padding_end"), 0) ||
      !all_equal(node.attrs.integers("dilations"), 1))
    return {};
  const Shape& out = index.shape(node.results[0]);
  size_t axes = strides.size();
  if (x.rank() != static_cast<int>(axes) + 2) return {};
  bool covers = false;
  for (size_t i = 0; i < axes; ++i) {
    // Windows side by side that cover the axis.
    if (weight.shape[i + 2] != Dim(strides[i]) || out[i + 2] * strides[i] != x.shape[i + 2]) return {};
    covers |= strides[i] > 1;
  }
  if (!covers || !becomes_sequence(index, node.results[0])) return {};

  // [B,C,n1*k1,...] -> [B,C,n1,k1,...] -> [B,n1,...,C,k1,...] -> [B,n,C*k]
  Shape split = {x.shape[0], x.shape[1]};
  std::vector<int64_t> permutation = {0};
  Dim positions = 1;
  Dim window = x.shape[1];
  for (size_t i = 0; i < axes; ++i) {
    split.push_back(out[i + 2]);
    split.push_back(strides[i]);
    permutation.push_back(static_cast<int64_t>(2 * i + 2));
    positions = positions * out[i + 2];
    window = window * strides[i];
  }
  permutation.push_back(1);
  for (size_t i = 0; i < axes; ++i) permutation.push_back(static_cast<int64_t>(2 * i + 3));
  Value rows = ops::reshape(ops::transpose(ops::reshape(patch.value(node.operands[0]), split), permutation),
                            {x.shape[0], positions, window});
  Value matrix = ops::reshape(patch.value(node.operands[1]), {weight.shape[0], window});
  Value bias = node.operands.size() == 3 ? patch.value(node.operands[2]) : Value();
  Value sequence = ops::linear(rows, matrix, bias);
  return ops::reshape(ops::transpose(sequence, {0, 2, 1}), out);
}

}  // namespace

Pass patch_embedding() {
  Pass pass;
  pass.name = "patch_embedding";
  pass.doc = "a convolution of windows side by side whose result becomes a sequence (ViT) is a linear of the windows";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return patches(patch, index, node); });
  };
  return pass;
}

}  // namespace accelerate::passes
