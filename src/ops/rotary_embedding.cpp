#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Rotary position embedding: each pair (a, b) of a head becomes (a cos - b sin, b cos + a sin). Pairs are elements i
/// and i + R/2 of the first R = rotary_dim elements (0: all D), or 2i and 2i + 1 if interleaved; the other elements
/// pass. Shapes: x [B,H,T,D] ("BTHD": [B,T,H,D]); cos and sin [T,R/2] or [B,T,R/2], or with R in place of R/2: one for
/// each element instead of each pair -> as x; f16 and bf16 compute in f32. Source: Su et al. 2021, arXiv:2104.09864,
/// eq. 34.
// api: Value rotary_embedding(Value x, Value cos, Value sin, bool interleaved = false, std::string layout = "BHTD", int64_t rotary_dim = 0);
Value rotary_embedding(Value x, Value cos, Value sin, bool interleaved, std::string layout, int64_t rotary_dim) {
  if (rotary_dim == 0) rotary_dim = x.dim(-1).as_constant("the head size");
  return build("rotary_embedding", {x, cos, sin},
               {{"interleaved", interleaved}, {"layout", std::move(layout)}, {"rotary_dim", rotary_dim}});
}

namespace {

std::vector<TensorType> infer_rotary_embedding(const InferContext& c) {
  require_one_of("layout", c.attrs.string("layout"), {"BHTD", "BTHD"});
  for (size_t i = 0; i < 3; ++i) require_dtype(c, i, is_float, "a float type");
  require_rank(c, 0, 4, 4);
  require_rank(c, 1, 2, 3);
  const Shape& x = c.operand(0).shape;
  const Shape& cos = c.operand(1).shape;
  if (c.operand(2).shape != cos)
    fail(ErrorCode::invalid_shape, "cos is {} and sin is {}; expected one shape", c.operand(1).to_string(),
         c.operand(2).to_string());
  int64_t size = x[3].as_constant("the head size");
  int64_t rotary = c.attrs.integer("rotary_dim");
  if (rotary < 2 || rotary % 2 != 0 || rotary > size)
    fail(ErrorCode::invalid_shape, "rotary_dim is {}; expected an even number up to the head size {}", rotary, size);
  int64_t width = cos.back().as_constant("the last axis of cos");
  if (width != rotary && width * 2 != rotary)
    fail(ErrorCode::invalid_shape, "cos is {}; expected {} or {} in the last axis", c.operand(1).to_string(), rotary,
         rotary / 2);
  unify(cos[cos.size() - 2], x[c.attrs.string("layout") == "BHTD" ? 2 : 1], "positions of cos and x");
  if (cos.size() == 3 && cos[0] != Dim(1)) unify(cos[0], x[0], "batches of cos and x");
  return {{c.operand(0).dtype, x}};
}

void reference_rotary_embedding(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  const Tensor& cos = c.inputs[1];
  const Tensor& sin = c.inputs[2];
  bool heads_first = c.attrs.string("layout") == "BHTD";
  bool interleaved = c.attrs.boolean("interleaved");
  int64_t half = c.attrs.integer("rotary_dim") / 2;
  int64_t width = cos.dim(-1);
  int64_t positions = x.dim(heads_first ? 2 : 1);
  if (cos.dim(-2) != positions || (cos.rank() == 3 && cos.dim(0) != 1 && cos.dim(0) != x.dim(0)))
    fail(ErrorCode::invalid_shape, "cos is {} for x {}", to_string(cos.shape()), to_string(x.shape()));
  int64_t base = 0;
  for_each_index({x.dim(0), x.dim(1), x.dim(2)}, [&](const std::vector<int64_t>& at) {
    int64_t row = (cos.rank() == 3 && cos.dim(0) != 1 ? at[0] * positions : 0) + at[heads_first ? 2 : 1];
    for (int64_t i = 0; i < x.dim(3); ++i) copy_element(x, base + i, c.outputs[0], base + i);
    for (int64_t i = 0; i < half; ++i) {
      int64_t first = interleaved ? 2 * i : i;
      int64_t second = interleaved ? 2 * i + 1 : i + half;
      bool each = width == 2 * half;
      int64_t of_first = row * width + (each ? first : i);
      int64_t of_second = row * width + (each ? second : i);
      double a = x.get(base + first);
      double b = x.get(base + second);
      c.outputs[0].set(base + first, a * cos.get(of_first) - b * sin.get(of_first));
      c.outputs[0].set(base + second, b * cos.get(of_second) + a * sin.get(of_second));
    }
    base += x.dim(3);
  });
}

// The first and the second elements of the pairs in the last axis.
std::pair<Value, Value> halves(Value x, bool interleaved) {
  const Dim n = x.dim(-1);
  if (interleaved) return {slice(x, -1, 0, n, 2), slice(x, -1, 1, n, 2)};
  return {slice(x, -1, 0, floordiv(n, 2)), slice(x, -1, floordiv(n, 2), n)};
}

std::vector<Value> expand_rotary(Builder&, const Node& node, std::span<const Value> operands) {
  DType dtype = operands[0].dtype();
  DType compute = compute_dtype(dtype);
  bool interleaved = node.attrs.boolean("interleaved");
  int64_t rotary = node.attrs.integer("rotary_dim");
  auto table = [&](Value t) -> std::pair<Value, Value> {
    t = cast_to(t, compute);
    if (node.attrs.string("layout") == "BTHD") {
      t = unsqueeze(t, -2);
    } else if (t.rank() == 3) {
      t = unsqueeze(t, 1);
    }
    return t.dim(-1) == Dim(rotary) ? halves(t, interleaved) : std::make_pair(t, t);
  };
  Value x = operands[0];
  Value rest;
  if (x.dim(-1) != Dim(rotary)) {
    auto parts = split(x, {rotary, x.dim(-1) - rotary}, -1);
    x = parts[0];
    rest = parts[1];
  }
  Shape shape = x.shape();
  auto [a, b] = halves(cast_to(x, compute), interleaved);
  auto [cos_a, cos_b] = table(operands[1]);
  auto [sin_a, sin_b] = table(operands[2]);
  Value first = sub(mul(a, cos_a), mul(b, sin_a));
  Value second = add(mul(b, cos_b), mul(a, sin_b));
  Value y = interleaved ? reshape(stack({first, second}, -1), shape) : concat({first, second}, -1);
  y = cast_to(y, dtype);
  return {rest ? concat({y, rest}, -1) : y};
}

}  // namespace

void register_rotary_embedding(OpRegistry& registry) {
  OpDef op;
  op.name = "rotary_embedding";
  op.doc = "Pairs (a, b) of a head become (a cos - b sin, b cos + a sin): x[B,H,T,D], cos[B,T,R], sin[B,T,R]";
  op.min_operands = op.max_operands = 3;
  op.attrs = {{"interleaved", AttrKind::boolean, Attr(false), false, "pairs 2i, 2i+1 instead of i, i+R/2"},
              {"layout", AttrKind::string, Attr(std::string("BHTD")), false, "BHTD or BTHD"},
              {"rotary_dim", AttrKind::integer, std::nullopt, false, "R: number of leading elements that turn"}};
  op.numerics = Numerics::rounding;
  op.infer = infer_rotary_embedding;
  op.reference = reference_rotary_embedding;
  op.expand = expand_rotary;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
