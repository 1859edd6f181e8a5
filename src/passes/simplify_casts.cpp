#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

int value_bits(DType dtype) {
  switch (dtype) {
    case DType::i8: return 7;
    case DType::u8: return 8;
    case DType::i16: return 15;
    case DType::u16: return 16;
    case DType::i32: return 31;
    case DType::u32: return 32;
    case DType::i64: return 63;
    case DType::u64: return 64;
    default: return 0;
  }
}

int mantissa_bits(DType dtype) {
  switch (dtype) {
    case DType::f64: return 53;
    case DType::f32: return 24;
    case DType::f16: return 11;
    case DType::bf16: return 8;
    default: return 0;
  }
}

/// Does `to` hold every value of `from`.
bool is_exact(DType from, DType to) {
  if (from == to) return true;
  if (from == DType::boolean) return is_integer(to) || mantissa_bits(to) > 0;
  if (is_integer(from)) {
    if (is_integer(to))
      return value_bits(from) <= value_bits(to) && (is_signed_integer(to) || !is_signed_integer(from));
    // f16 ends at 65504, below 2^16.
    return value_bits(from) <= mantissa_bits(to) && (to != DType::f16 || value_bits(from) < 16);
  }
  switch (from) {
    case DType::f16:
    case DType::bf16:
    case DType::f8e4m3:
    case DType::f8e5m2: return to == DType::f32 || to == DType::f64;
    case DType::f32: return to == DType::f64;
    default: return false;
  }
}

Value simplify(Patch& patch, const GraphIndex& index, const Node& node) {
  const std::string& op = node.op->name;
  const TensorType& type = index.type(node.results[0]);
  if (op == "cast") {
    ValueId x = node.operands[0];
    if (index.type(x) == type) return patch.value(x);
    if (const Node* inner = index.made_by(x, "cast");
        inner != nullptr && is_exact(index.type(inner->operands[0]).dtype, index.type(x).dtype))
      return ops::cast(patch.value(inner->operands[0]), type.dtype);
    return {};
  }
  // A mask that went through a number: cast(b) != 0 is b.
  if (op == "not_equal") {
    for (size_t i = 0; i < 2; ++i) {
      const Node* cast = index.made_by(node.operands[i], "cast");
      if (cast != nullptr && index.uniform(node.operands[1 - i]) == 0.0 && index.type(cast->operands[0]) == type)
        return patch.value(cast->operands[0]);
    }
  }
  return {};
}

}  // namespace

Pass simplify_casts() {
  Pass pass;
  pass.name = "simplify_casts";
  pass.doc = "casts to the same type go, a cast of an exact cast becomes one";
  pass.run = [](Patch& patch) {
    rewrite_nodes(patch, [&](const GraphIndex& index, const Node& node) { return simplify(patch, index, node); });
  };
  return pass;
}

}  // namespace accelerate::passes
