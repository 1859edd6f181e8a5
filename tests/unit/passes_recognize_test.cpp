#include <limits>

#include "tests/unit/passes_support.h"

namespace accelerate::passes_test {
namespace {

using namespace ops;

Value literal(Value like, double value) {
  return scalar_like(like, value);
}

TEST(RecognizeActivations, Gelu) {
  Graph g("g", {f32({"n", 5})});
  Value x = g.input(0);
  // 0.5 * x * (1 + erf(x / sqrt 2)) in three orders.
  g.output(mul(mul(x, literal(x, 0.5)), add(literal(x, 1), erf(div(x, literal(x, std::sqrt(2.0)))))));
  g.output(mul(mul(x, add(erf(mul(x, literal(x, std::sqrt(0.5)))), literal(x, 1))), literal(x, 0.5)));
  // The argument is a product itself.
  Value y = mul(x, sigmoid(exp(x)));
  g.output(mul(mul(literal(y, 0.5), y), add(literal(y, 1), erf(mul(literal(y, std::sqrt(0.5)), y)))));
  Graph out = rewritten("recognize_activations", g);
  EXPECT_EQ(count(out, "gelu"), 3);
  EXPECT_EQ(count(out, "erf"), 0);
}

TEST(RecognizeActivations, GeluTanh) {
  Graph g("g", {f32({"n", 5})});
  Value x = g.input(0);
  double c = 0.7978845608028654;
  Value inner = mul(add(x, mul(literal(x, 0.044715), pow(x, literal(x, 3)))), literal(x, c));
  g.output(mul(mul(literal(x, 0.5), x), add(literal(x, 1), tanh(inner))));
  Value other = mul(mul(x, literal(x, c)), add(literal(x, 1), mul(literal(x, 0.044715), square(x))));
  g.output(mul(mul(literal(x, 0.5), x), add(tanh(other), literal(x, 1))));
  Graph out = rewritten("recognize_activations", g);
  EXPECT_EQ(count(out, "gelu"), 2);
  EXPECT_EQ(count(out, "tanh"), 0);
}

TEST(RecognizeActivations, GatesAndBounds) {
  Graph g("g", {f32({"n", 5})});
  Value x = g.input(0);
  g.output(mul(x, sigmoid(x)));
  g.output(mul(sigmoid(mul(literal(x, 1.702), x)), x));
  g.output(mul(x, hard_sigmoid(x)));
  g.output(maximum(x, literal(x, 0)));
  g.output(minimum(maximum(x, literal(x, -1)), literal(x, 1)));
  g.output(minimum(relu(x), literal(x, 1)));
  Graph out = rewritten("recognize_activations", g);
  for (const char* op : {"silu", "quick_gelu", "hard_swish", "relu"}) EXPECT_EQ(count(out, op), 1) << op;
  EXPECT_EQ(count(out, "clamp"), 2);
}

TEST(RecognizeActivations, LeavesOtherConstantsAlone) {
  Graph g("g", {f32({"n", 5}), f32({"n", 5})});
  Value x = g.input(0);
  g.output(mul(mul(x, literal(x, 0.5)), add(literal(x, 1), erf(mul(x, literal(x, 0.7))))));
  g.output(mul(mul(x, literal(x, 0.6)), add(literal(x, 1), erf(mul(x, literal(x, std::sqrt(0.5)))))));
  g.output(mul(mul(g.input(1), literal(x, 0.5)), add(literal(x, 1), erf(mul(x, literal(x, std::sqrt(0.5)))))));
  g.output(mul(x, sigmoid(g.input(1))));
  expect_unchanged("recognize_activations", g);
}

Value written_layer_norm(Value x, double eps) {
  Value centred = sub(x, reduce_mean(x, {-1}, true));
  return div(centred, sqrt(add(reduce_mean(square(centred), {-1}, true), literal(x, eps))));
}

TEST(RecognizeNorms, LayerNormWithAndWithoutAffine) {
  Graph g("g", {f32({"b", "t", 8})});
  Value x = g.input(0);
  g.output(add(mul(written_layer_norm(x, 1e-5), weight(g, "gain", {8})), weight(g, "offset", {8})));
  Value by_variance = mul(sub(x, reduce_mean(x, {2}, true)), rsqrt(add(variance(x, {2}, 0, true), literal(x, 1e-3))));
  g.output(by_variance);
  Graph out = rewritten("recognize_norms", g);
  EXPECT_EQ(count(out, "layer_norm"), 2);
  EXPECT_EQ(out.nodes().size(), 4U);  // two weights
}

TEST(RecognizeNorms, RmsNorm) {
  Graph g("g", {f32({"b", "t", 8})});
  Value x = g.input(0);
  g.output(mul(weight(g, "gain", {8}), mul(x, rsqrt(add(reduce_mean(square(x), {-1}, true), literal(x, 1e-6))))));
  Graph out = rewritten("recognize_norms", g);
  EXPECT_EQ(only(out, "rms_norm").operands.size(), 2U);
  EXPECT_EQ(out.nodes().size(), 2U);
}

TEST(RecognizeNorms, LeavesOtherAxesAndStatistics) {
  Graph g("g", {f32({"b", "t", 8})});
  Value x = g.input(0);
  Value centred = sub(x, reduce_mean(x, {1}, true));
  g.output(div(centred, sqrt(add(reduce_mean(square(centred), {1}, true), literal(x, 1e-5)))));
  g.output(
      mul(sub(x, reduce_mean(x, {2}, true)), rsqrt(add(variance(x, {2}, 1, true), literal(x, 1e-5)))));  // unbiased
  // The gain is used elsewhere: the plain norm must stay.
  Value norm = written_layer_norm(x, 1e-5);
  g.output(mul(norm, weight(g, "gain", {8})));
  g.output(norm);
  Graph out = rewritten("recognize_norms", g);
  EXPECT_EQ(only(out, "layer_norm").operands.size(), 1U);
  EXPECT_EQ(count(out, "variance"), 1);
  EXPECT_EQ(count(out, "sqrt"), 1);
}

TEST(RecognizeLinear, ConstantMatrixAndBias) {
  Graph g("g", {f32({"b", "t", 6})});
  Value x = g.input(0);
  g.output(add(weight(g, "bias", {5}), matmul(x, transpose(weight(g, "w", {5, 6}), {1, 0}))));
  g.output(matmul(x, weight(g, "kn", {6, 3})));
  g.output(matmul(x, cast(weight(g, "low", {6, 3}, DType::bf16), DType::f32)));
  Graph out = rewritten("recognize_linear", g);
  EXPECT_EQ(count(out, "linear"), 3);
  EXPECT_EQ(count(out, "matmul"), 0);
  EXPECT_EQ(count(out, "add"), 0);
}

TEST(RecognizeLinear, StoredPrecisionIsKept) {
  Graph g("g", {f32({"n", 6})});
  g.output(linear(g.input(0), cast(weight(g, "w", {3, 6}, DType::bf16), DType::f32)));
  Graph out = rewritten("recognize_linear", g);
  EXPECT_EQ(count(out, "cast"), 0);
}

TEST(RecognizeLinear, LeavesComputedMatricesAndWideBias) {
  Graph g("g", {f32({"t", 6}), f32({6, "t"}), f32({5})});
  g.output(matmul(g.input(0), g.input(1)));
  Value y = linear(g.input(0), weight(g, "w", {5, 6}));
  g.output(add(y, g.input(2)));  // no constant
  g.output(y);
  Value z = linear(g.input(0), weight(g, "w2", {5, 6}));
  g.output(add(z, weight(g, "wide", {3, 5})));  // a row for each position
  expect_unchanged("recognize_linear", g);
}

struct AttentionGraph {
  Graph g{"attention",
          {f32({"b", 4, "t", 8}),
           f32({"b", 4, "s", 8}),
           f32({"b", 4, "s", 6}),
           f32({"b", 1, "t", "s"}),
           {DType::boolean, {"b", 1, 1, "s"}}}};
  Value q = g.input(0), k = g.input(1), v = g.input(2), bias = g.input(3), allowed = g.input(4);
  Value kt() { return transpose(k, {0, 1, 3, 2}); }
};

TEST(RecognizeAttention, ScaleAndAdditiveMask) {
  AttentionGraph a;
  Value scores = add(div(matmul(a.q, a.kt()), literal(a.q, std::sqrt(8.0))), a.bias);
  a.g.output(matmul(softmax(scores, -1), a.v));
  Graph out = rewritten("recognize_attention", a.g);
  const Node& node = only(out, "scaled_dot_product_attention");
  EXPECT_NEAR(node.attrs.number("scale"), 1 / std::sqrt(8.0), 1e-6);
  EXPECT_EQ(node.operands.size(), 4U);
  EXPECT_EQ(count(out, "softmax"), 0);
}

TEST(RecognizeAttention, ScaledOperandsAndBooleanMask) {
  AttentionGraph a;
  Value c = literal(a.q, 0.6);
  Value scores = matmul(mul(a.q, c), mul(a.kt(), c));
  // Rows of queries without a key are not numbers, before and after.
  scores = where(a.allowed, scores, literal(scores, -std::numeric_limits<double>::infinity()));
  a.g.output(matmul(softmax(scores, -1), a.v));
  Graph out = rewritten("recognize_attention", a.g);
  const Node& node = only(out, "scaled_dot_product_attention");
  EXPECT_NEAR(node.attrs.number("scale"), 0.36, 1e-6);
  EXPECT_EQ(out.type_of(node.operands[3]).dtype, DType::boolean);
}

TEST(RecognizeAttention, ABiasOfMinusInfinityLeavesRowsWithoutNumbers) {
  AttentionGraph a;
  Value never = logical_and(a.allowed, logical_not(a.allowed));
  Value bias = where(never, a.bias, literal(a.bias, -std::numeric_limits<double>::infinity()));
  a.g.output(matmul(softmax(add(matmul(a.q, a.kt()), bias), -1), a.v));
  Graph out = rewritten("recognize_attention", a.g);
  EXPECT_EQ(count(out, "scaled_dot_product_attention"), 1);
  EXPECT_EQ(count(out, "reduce_max"), 1);
}

TEST(RecognizeAttention, FiniteFillKeepsExcludedRowsEven) {
  AttentionGraph a;
  Value scores = matmul(a.q, a.kt());
  Value never = logical_and(a.allowed, logical_not(a.allowed));
  scores = where(never, scores, literal(scores, -3.0e38));
  a.g.output(matmul(softmax(scores, -1), a.v));
  Graph out = rewritten("recognize_attention", a.g);
  EXPECT_EQ(out.type_of(only(out, "scaled_dot_product_attention").operands[3]).dtype, DType::f32);
}

TEST(RecognizeAttention, ExpansionIsRecognisedAgain) {
  AttentionGraph a;
  a.g.output(scaled_dot_product_attention(a.q, a.k, a.v, a.allowed));
  Graph expanded("expanded", {a.g.type_of(a.q.id), a.g.type_of(a.k.id), a.g.type_of(a.v.id), a.g.type_of(a.bias.id),
                              a.g.type_of(a.allowed.id)});
  const Node& node = a.g.nodes().back();
  std::vector<Value> operands = {expanded.input(0), expanded.input(1), expanded.input(2), expanded.input(4)};
  expanded.output(node.op->expand(expanded, node, operands).at(0));
  Graph out = rewritten("recognize_attention", expanded);
  EXPECT_EQ(count(out, "scaled_dot_product_attention"), 1);
  EXPECT_EQ(count(out, "softmax"), 0);
}

TEST(RecognizeAttention, SharedKeyHeadsAndRank3) {
  Graph g("g", {f32({"b", 6, "t", 8}), f32({"b", 2, "s", 8}), f32({"b", 2, "s", 8})});
  auto repeat = [&](Value x) { return reshape(expand(unsqueeze(x, 2), {"b", 2, 3, "s", 8}), {"b", 6, "s", 8}); };
  Value scores = matmul(g.input(0), transpose(repeat(g.input(1)), {0, 1, 3, 2}));
  g.output(matmul(softmax(scores, -1), repeat(g.input(2))));
  Graph out = rewritten("recognize_attention", g);
  EXPECT_EQ(out.type_of(only(out, "scaled_dot_product_attention").operands[1]).shape[1], Dim(2));

  Graph flat("flat", {f32({"n", "t", 8}), f32({"n", "s", 8}), f32({"n", "s", 8}), f32({"t", "s"})});
  Value weights = softmax(add(matmul(flat.input(0), transpose(flat.input(1), {0, 2, 1})), flat.input(3)), 2);
  flat.output(matmul(weights, flat.input(2)));
  EXPECT_EQ(count(rewritten("recognize_attention", flat), "scaled_dot_product_attention"), 1);
}

TEST(RecognizeAttention, LeavesWhatDoesNotFit) {
  AttentionGraph a;
  Value weights = softmax(matmul(a.q, a.kt()), -1);
  a.g.output(matmul(weights, a.v));
  a.g.output(weights);  // the weights are wanted
  expect_unchanged("recognize_attention", a.g);

  AttentionGraph other_axis;
  other_axis.g.output(matmul(softmax(matmul(other_axis.q, other_axis.kt()), 2), other_axis.v));
  expect_unchanged("recognize_attention", other_axis.g);

  AttentionGraph scaled_mask;
  Value scores = add(matmul(scaled_mask.q, scaled_mask.kt()), scaled_mask.bias);
  scaled_mask.g.output(matmul(softmax(mul(scores, literal(scores, 0.5)), -1), scaled_mask.v));
  expect_unchanged("recognize_attention", scaled_mask.g);

  AttentionGraph small_fill;
  Value filled = matmul(small_fill.q, small_fill.kt());
  filled = where(small_fill.allowed, filled, literal(filled, -10));
  small_fill.g.output(matmul(softmax(filled, -1), small_fill.v));
  expect_unchanged("recognize_attention", small_fill.g);
}

Value rotated(Value x, Value cos, Value sin) {
  Value half = concat({neg(slice(x, -1, 4, 8)), slice(x, -1, 0, 4)}, -1);
  return add(mul(x, cos), mul(half, sin));
}

TEST(RecognizeRotary, HalvesInBothLayouts) {
  Graph g("g", {f32({"b", 2, "t", 8}), f32({"b", "t", 2, 8}), f32({"b", "t", 8}), f32({"t", 8})});
  Value cos = g.input(2);
  Value sin = mul(cos, cos);
  g.output(rotated(g.input(0), unsqueeze(cos, 1), unsqueeze(sin, 1)));
  g.output(rotated(g.input(1), unsqueeze(cos, 2), unsqueeze(sin, 2)));
  g.output(rotated(g.input(0), g.input(3), square(g.input(3))));
  Graph out = rewritten("recognize_rotary", g);
  EXPECT_EQ(count(out, "rotary_embedding"), 3);
  EXPECT_EQ(count(out, "concat"), 0);
}

TEST(RecognizeRotary, InterleavedPairs) {
  Graph g("g", {f32({"b", 2, "t", 8}), f32({"b", "t", 8})});
  Value x = g.input(0);
  Value cos = unsqueeze(g.input(1), 1);
  Value half = reshape(stack({neg(slice(x, -1, 1, 8, 2)), slice(x, -1, 0, 8, 2)}, -1), x.shape());
  g.output(add(mul(half, square(cos)), mul(cos, x)));
  Graph out = rewritten("recognize_rotary", g);
  EXPECT_EQ(count(out, "rotary_embedding"), 1);
}

TEST(RecognizeRotary, ThePartOfAHead) {
  Graph g("g", {f32({"b", 2, "t", 12}), f32({"b", "t", 8})});
  Value x = g.input(0);
  Value cos = unsqueeze(g.input(1), 1);
  g.output(concat({rotated(slice(x, -1, 0, 8), cos, square(cos)), slice(x, -1, 8, 12)}, -1));
  Graph out = rewritten("recognize_rotary", g);
  EXPECT_EQ(only(out, "rotary_embedding").attrs.integer("rotary_dim"), 8);
  EXPECT_EQ(count(out, "concat"), 0);
}

TEST(RecognizeRotary, LeavesTablesOfHeadsAndOtherHalvesAlone) {
  Graph g("g", {f32({"b", 2, "t", 8}), f32({"b", 2, "t", 8})});
  Value x = g.input(0);
  g.output(rotated(x, g.input(1), g.input(1)));
  Value cos = slice(g.input(1), 1, 0, 1);
  Value wrong = concat({slice(x, -1, 4, 8), slice(x, -1, 0, 4)}, -1);
  g.output(add(mul(x, cos), mul(wrong, cos)));
  expect_unchanged("recognize_rotary", g);
}

TEST(RecognizeRotary, HeadsAreExchangedAfterTheyTurn) {
  Graph g("g", {f32({"b", "t", 2, 8}), f32({"t", 8})});
  Value x = transpose(g.input(0), {0, 2, 1, 3});
  g.output(rotary_embedding(x, g.input(1), square(g.input(1))));
  Graph out = rewritten("recognize_rotary", g);
  EXPECT_EQ(only(out, "rotary_embedding").attrs.string("layout"), "BTHD");
}

/// mask[b, s] as captures write it: indexed by whole ranges.
Value padding(Value mask) {
  Builder& g = *mask.builder;
  const Dim b = mask.dim(0);
  const Dim s = mask.dim(1);
  Value rows = expand(reshape(iota(g, DType::i64, b), {b, 1, 1, 1}), {b, 1, 1, s});
  Value columns = expand(reshape(iota(g, DType::i64, s), {1, 1, 1, s}), {b, 1, 1, s});
  return gather_nd(mask, concat({unsqueeze(rows, -1), unsqueeze(columns, -1)}, -1));
}

TensorType mask_type() {
  return {DType::boolean, {"b", "t"}};
}

TEST(SimplifyMasks, PaddingGatheredByRangesIsAReshape) {
  Graph g("g", {mask_type()});
  Value all = greater_equal(reshape(iota(g, DType::i64, "t"), {1, 1, "t", 1}), scalar(g, DType::i64, 0));
  Value one = scalar(g, DType::boolean, 1);
  g.output(expand(bitwise_and(bitwise_and(one, all), padding(g.input(0))), {"b", 1, "t", "t"}));
  Graph out = rewritten("simplify_masks", g);
  EXPECT_EQ(count(out, "gather_nd"), 0);
  EXPECT_EQ(count(out, "bitwise_and"), 0);
}

TEST(SimplifyMasks, OtherIndicesStay) {
  Graph g("g", {mask_type(), {DType::boolean, {"b", "t"}}});
  const Dim b = "b";
  // Rows and columns exchanged: a transposition, not a reshape.
  Value rows = expand(reshape(iota(g, DType::i64, b), {1, b}), {"t", b});
  Value columns = expand(reshape(iota(g, DType::i64, "t"), {"t", 1}), {"t", b});
  g.output(gather_nd(g.input(0), concat({unsqueeze(rows, -1), unsqueeze(columns, -1)}, -1)));
  g.output(greater_equal(iota(g, DType::i64, b), scalar(g, DType::i64, 1)));
  expect_unchanged("simplify_masks", g);
}

TEST(SimplifyMasks, TheCausalPartIsAPropertyOfAttention) {
  Graph g("g", {f32({"b", 2, "t", 4}), mask_type()});
  Value q = g.input(0);
  const Dim t = "t";
  Value position = iota(g, DType::i64, t);
  Value causal = less_equal(reshape(position, {1, 1, 1, t}), reshape(position, {1, 1, t, 1}));
  Value both = expand(bitwise_and(causal, padding(g.input(1))), {"b", 1, t, t});
  g.output(scaled_dot_product_attention(q, q, q, both));
  g.output(scaled_dot_product_attention(q, q, q, expand(causal, {"b", 1, t, t})));
  g.output(scaled_dot_product_attention(q, q, q, expand(padding(g.input(1)), {"b", 1, t, t})));
  Graph out = run_pass("dead_code", rewritten("simplify_masks", g));
  std::vector<const Node*> found;
  for (const Node& node : out.nodes())
    if (node.op->name == "scaled_dot_product_attention") found.push_back(&node);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_TRUE(found[0]->attrs.boolean("is_causal"));
  EXPECT_EQ(out.type_of(found[0]->operands[3]).shape, (Shape{"b", 1, 1, t}));
  EXPECT_TRUE(found[1]->attrs.boolean("is_causal"));
  EXPECT_EQ(found[1]->operands.size(), 3u);
  EXPECT_FALSE(found[2]->attrs.boolean("is_causal"));
  EXPECT_EQ(count(out, "expand"), 0);
}

TEST(SimplifyMasks, AWindowAndAnotherDiagonalAreNotCausal) {
  Graph g("g", {f32({"b", 2, "t", 4})});
  Value q = g.input(0);
  const Dim t = "t";
  Value position = iota(g, DType::i64, t);
  Value key = reshape(position, {1, 1, 1, t});
  Value query = reshape(position, {1, 1, t, 1});
  g.output(scaled_dot_product_attention(q, q, q, greater_equal(key, query)));
  g.output(scaled_dot_product_attention(q, q, q, less_equal(key, add(query, scalar(g, DType::i64, 1)))));
  expect_unchanged("simplify_masks", g);
}

}  // namespace
}  // namespace accelerate::passes_test
