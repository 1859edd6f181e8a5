#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

bool swaps_matrix(const Node* transpose) {
  return is_permutation(transpose, {1, 0});
}

Value recognized(Patch& patch, const GraphIndex& index, const Node& node) {
  if (node.op->name == "matmul") {
    ValueId b = node.operands[1];
    const TensorType& type = index.type(b);
    if (type.rank() != 2 || !is_float(type.dtype) || !index.is_constant(b)) return {};
    const Node* transpose = index.made_by(b, "transpose");
    Value weight =
        swaps_matrix(transpose) ? patch.value(transpose->operands[0]) : ops::transpose(patch.value(b), {1, 0});
    return ops::linear(patch.value(node.operands[0]), weight);
  }
  // linear takes a weight of lower precision as it is stored.
  if (node.op->name == "linear") {
    const Node* cast = index.made_by(node.operands[1], "cast");
    if (cast == nullptr || index.type(node.operands[1]).dtype != DType::f32) return {};
    DType stored = index.type(cast->operands[0]).dtype;
    if ((stored != DType::bf16 && stored != DType::f16) || !index.is_constant(cast->operands[0])) return {};
    return ops::linear(patch.value(node.operands[0]), patch.value(cast->operands[0]),
                       node.operands.size() == 3 ? patch.value(node.operands[2]) : Value());
  }
  if (node.op->name == "add") {
    for (size_t i = 0; i < 2; ++i) {
      const Node* linear = index.made_by(node.operands[i], "linear");
      ValueId bias = node.operands[1 - i];
      if (linear == nullptr || linear->operands.size() != 2 || index.sole_user(node.operands[i]) != &node ||
          !index.is_constant(bias))
        continue;
      Dim features = index.shape(linear->results[0]).back();
      const Shape& shape = index.shape(bias);
      bool row = !shape.empty() && shape.back() == features && num_elements(shape) == features &&
                 shape.size() <= index.shape(linear->results[0]).size();
      if (!row || !index.type(bias).encoding.plain()) continue;
      Value vector = shape.size() == 1 ? patch.value(bias) : ops::reshape(patch.value(bias), {features});
      return ops::linear(patch.value(linear->operands[0]), patch.value(linear->operands[1]), vector);
    }
  }
  return {};
}

}  // namespace

Pass recognize_linear() {
  Pass pass;
  pass.name = "recognize_linear";
  pass.doc =
      "matmul with a constant matrix becomes linear; an added constant row becomes its bias, a cast weight is taken as "
      "stored";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return recognized(patch, index, node); });
  };
  return pass;
}

}  // namespace accelerate::passes
