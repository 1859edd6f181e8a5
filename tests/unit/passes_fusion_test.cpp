#include "tests/unit/passes_support.h"

namespace accelerate::passes_test {
namespace {

using namespace ops;

TEST(FuseLinear, ActivationAndResidual) {
  for (bool residual_first : {false, true}) {
    Graph g("g", {f32({"b", "t", 6}), f32({"b", "t", 5})});
    Value y = gelu(linear(g.input(0), weight(g, "w", {5, 6}), weight(g, "bias", {5})), "tanh");
    g.output(residual_first ? add(g.input(1), y) : add(y, g.input(1)));
    Graph out = rewritten("fuse_linear", g);
    const Node& node = only(out, "fused_linear");
    EXPECT_EQ(node.attrs.string("activation"), "gelu_tanh");
    EXPECT_TRUE(node.attrs.boolean("has_residual"));
    EXPECT_EQ(out.nodes().size(), 3U);
  }
}

TEST(FuseLinear, EachActivation) {
  Graph g("g", {f32({"t", 6})});
  Value w = weight(g, "w", {5, 6});
  for (auto activation : std::vector<Value (*)(Value)>{relu, quick_gelu, silu, tanh, sigmoid})
    g.output(activation(linear(g.input(0), w)));
  g.output(gelu(linear(g.input(0), w)));
  Graph out = rewritten("fuse_linear", g);
  EXPECT_EQ(count(out, "fused_linear"), 6);
  EXPECT_EQ(out.nodes().size(), 7U);
}

TEST(FuseLinear, TwoLinearsIntoOneSum) {
  Graph g("g", {f32({"t", 6})});
  g.output(add(linear(g.input(0), weight(g, "v", {5, 6})), linear(g.input(0), weight(g, "w", {5, 6}))));
  Graph out = rewritten("fuse_linear", g);
  EXPECT_EQ(count(out, "fused_linear"), 1);
  EXPECT_EQ(count(out, "linear"), 1);
}

TEST(FuseLinear, LeavesSharedOutputsAndOtherShapes) {
  Graph g("g", {f32({"b", "t", 6}), f32({"t", 5}), f32({5, 6})});
  Value a = linear(g.input(0), weight(g, "a", {5, 6}));
  g.output(relu(a));
  g.output(a);  // an output itself
  Value b = linear(g.input(0), weight(g, "b", {5, 6}));
  g.output(add(relu(b), exp(b)));                                         // two uses
  g.output(add(linear(g.input(0), weight(g, "c", {5, 6})), g.input(1)));  // a residual that broadcasts
  g.output(relu(linear(g.input(0), g.input(2))));                         // no constant weight
  Value d = linear(g.input(0), weight(g, "d", {5, 6}));
  g.output(add(d, d));
  expect_unchanged("fuse_linear", g);
}

TEST(FuseLinear, ActivationIsNotCrossedByTheSum) {
  // act(linear + residual) keeps its activation apart.
  Graph g("g", {f32({"t", 6}), f32({"t", 5})});
  g.output(relu(add(linear(g.input(0), weight(g, "w", {5, 6})), g.input(1))));
  Graph out = rewritten("fuse_linear", g);
  EXPECT_EQ(only(out, "fused_linear").attrs.string("activation"), "none");
  EXPECT_EQ(count(out, "relu"), 1);
}

TEST(GroupLinear, QueryKeyValue) {
  Graph g("g", {f32({"b", "t", 6})});
  Value x = g.input(0);
  for (const char* name : {"q", "k", "v"})
    g.output(linear(x, weight(g, name, {4, 6}), weight(g, std::string(name) + "b", {4})));
  g.output(linear(x, weight(g, "plain", {7, 6})));
  g.output(linear(x, weight(g, "plain2", {3, 6})));
  g.output(linear(exp(x), weight(g, "other", {3, 6})));
  Graph out = rewritten("group_linear", g);
  EXPECT_EQ(count(out, "fused_linear_group"), 2);  // with and without bias
  EXPECT_EQ(count(out, "linear"), 1);
}

TEST(GroupLinear, LeavesComputedWeightsMixedTypesAndSingles) {
  Graph g("g", {f32({"t", 6}), f32({4, 6})});
  g.output(linear(g.input(0), g.input(1)));
  g.output(linear(g.input(0), weight(g, "a", {4, 6})));
  g.output(linear(g.input(0), weight(g, "b", {4, 6}, DType::bf16)));
  expect_unchanged("group_linear", g);
}

TEST(GroupLinear, AtMostEightAndNotFarApart) {
  Graph g("g", {f32({"t", 6})});
  for (int i = 0; i < 10; ++i) g.output(linear(g.input(0), weight(g, "w" + std::to_string(i), {4, 6})));
  Graph out = rewritten("group_linear", g);
  EXPECT_EQ(count(out, "fused_linear_group"), 2);

  Graph far("far", {f32({"t", 6})});
  far.output(linear(far.input(0), weight(far, "first", {4, 6})));
  Value x = far.input(0);
  for (int i = 0; i < 100; ++i) x = sin(x);
  far.output(x);
  far.output(linear(far.input(0), weight(far, "last", {4, 6})));
  expect_unchanged("group_linear", far);
}

TEST(FuseAddNorm, BothKindsAndTheSum) {
  Graph g("g", {f32({"b", "t", 6}), f32({"b", "t", 6})});
  Value w = weight(g, "w", {6});
  Value sum = add(g.input(0), g.input(1));
  g.output(layer_norm(sum, w, weight(g, "bias", {6}), 1e-5));
  g.output(sum);  // the sum is used too
  g.output(rms_norm(add(exp(g.input(0)), g.input(1)), w, 1e-6));
  Graph out = rewritten("fuse_add_norm", g);
  EXPECT_EQ(count(out, "fused_add_norm"), 2);
  EXPECT_EQ(count(out, "add"), 0);
}

TEST(FuseAddNorm, LeavesBroadcastSumsAndNormsWithoutGain) {
  Graph g("g", {f32({"b", "t", 6}), f32({"t", 6})});
  g.output(layer_norm(add(g.input(0), g.input(1)), weight(g, "w", {6}), {}, 1e-5));
  g.output(layer_norm(add(g.input(0), exp(g.input(0))), {}, {}, 1e-5));
  expect_unchanged("fuse_add_norm", g);
}

TEST(FuseAddNorm, OneNormTakesTheSum) {
  Graph g("g", {f32({"t", 6}), f32({"t", 6})});
  Value sum = add(g.input(0), g.input(1));
  g.output(layer_norm(sum, weight(g, "a", {6}), {}, 1e-5));
  g.output(layer_norm(sum, weight(g, "b", {6}), {}, 1e-5));
  Graph out = rewritten("fuse_add_norm", g);
  EXPECT_EQ(count(out, "fused_add_norm"), 1);
  EXPECT_EQ(count(out, "layer_norm"), 1);
}

TEST(FuseEmbeddings, WordPositionType) {
  Graph g("g", {{DType::i64, {"b", "t"}}, {DType::i64, {"b", "t"}}});
  Value word = embedding(weight(g, "word", {11, 6}), g.input(0));
  Value type = embedding(weight(g, "type", {3, 6}), g.input(1));
  Value position = embedding(weight(g, "position", {9, 6}), iota(g, DType::i64, "t"));
  g.output(layer_norm(add(add(word, type), position), weight(g, "gain", {6}), weight(g, "offset", {6}), 1e-12));
  Graph out = rewritten("fuse_embeddings", g);
  const Node& node = only(out, "fused_embedding_norm");
  EXPECT_EQ(node.attrs.integer("count"), 3);
  EXPECT_EQ(node.operands.size(), 8U);
  EXPECT_EQ(count(out, "add"), 0);
}

TEST(FuseEmbeddings, SlicedPositionsCastTablesAndNoNorm) {
  Graph g("g", {{DType::i64, {"b", "t"}}});
  Value word = cast(embedding(weight(g, "word", {11, 6}, DType::bf16), g.input(0)), DType::f32);
  Value position = unsqueeze(slice(weight(g, "position", {9, 6}), 0, 0, "t"), 0);
  Value sum = add(word, position);
  g.output(sum);
  g.output(layer_norm(sum, weight(g, "gain", {6}), {}, 1e-5));
  Graph out = rewritten("fuse_embeddings", g);
  const Node& node = only(out, "fused_embedding_norm");
  EXPECT_FALSE(node.attrs.boolean("normalise"));
  EXPECT_EQ(count(out, "layer_norm"), 1);
}

TEST(FuseEmbeddings, LeavesComputedTablesAndSharedRows) {
  Graph g("g", {{DType::i64, {"b", "t"}}, f32({11, 6})});
  Value gain = weight(g, "gain", {6});
  g.output(layer_norm(embedding(g.input(1), g.input(0)), gain, {}, 1e-5));
  Value rows = embedding(weight(g, "word", {11, 6}), g.input(0));
  g.output(layer_norm(rows, gain, {}, 1e-5));
  g.output(rows);
  expect_unchanged("fuse_embeddings", g);
}

ConvOptions same3() {
  ConvOptions options;
  options.padding_begin = {1, 1};
  return options;
}

Value norm_of(Graph& g, Value x, const std::string& name, int64_t channels) {
  return batch_norm(x, weight(g, name + ".w", {channels}), weight(g, name + ".b", {channels}),
                    weight(g, name + ".mean", {channels}), weight(g, name + ".var", {channels}), 1e-3);
}

TEST(FuseConv, BatchNormActivation) {
  Graph g("g", {f32({"b", 3, "h", "w"})});
  g.output(relu(norm_of(g, conv(g.input(0), weight(g, "w", {4, 3, 3, 3}), weight(g, "bias", {4}), same3()), "n", 4)));
  g.output(norm_of(g, conv(g.input(0), weight(g, "v", {4, 3, 3, 3}, DType::bf16), {}, same3()), "m", 4));
  Graph out = rewritten("fuse_conv", g);
  EXPECT_EQ(count(out, "batch_norm"), 0);
  EXPECT_EQ(only(out, "fused_conv").attrs.string("activation"), "relu");
  EXPECT_EQ(only(out, "conv").operands.size(), 3U);
}

TEST(FuseConv, ResidualBlock) {
  Graph g("g", {f32({"b", 4, "h", "w"})});
  Value x = g.input(0);
  Value main = norm_of(g, conv(x, weight(g, "w", {4, 4, 3, 3}), {}, same3()), "n", 4);
  Value shortcut = norm_of(g, conv(x, weight(g, "s", {4, 4, 1, 1})), "m", 4);
  g.output(relu(add(main, shortcut)));
  g.output(add(x, silu(conv(x, weight(g, "u", {4, 4, 3, 3}), {}, same3()))));
  Graph out = rewritten("fuse_conv", g);
  EXPECT_EQ(count(out, "fused_conv"), 2);
  EXPECT_EQ(count(out, "conv"), 1);
  EXPECT_EQ(count(out, "batch_norm"), 0);
  int after = 0;
  for (const Node& node : out.nodes())
    if (node.op->name == "fused_conv") after += node.attrs.boolean("activation_after_residual") ? 1 : 0;
  EXPECT_EQ(after, 1);
}

TEST(FuseConv, LeavesSharedResults) {
  Graph g("g", {f32({"b", 3, "h", "w"}), f32({4, 3, 3, 3}), f32({4, 1, 1})});
  Value a = conv(g.input(0), weight(g, "a", {4, 3, 3, 3}));
  g.output(norm_of(g, a, "n", 4));
  g.output(a);
  g.output(relu(conv(g.input(0), g.input(1))));                               // weights of each call
  g.output(add(conv(g.input(0), weight(g, "b", {4, 3, 3, 3})), g.input(2)));  // broadcasts
  expect_unchanged("fuse_conv", g);
}

TEST(FuseElementwise, DagWithScalarsAndCasts) {
  Graph g("g", {f32({"b", "t", 6}), f32({6}), {DType::i64, {"b", "t", 1}}});
  Value x = g.input(0);
  Value shared = exp(mul(x, scalar_like(x, 0.5)));
  Value mask = not_equal(cast(g.input(2), DType::f32), scalar_like(x, 0));
  g.output(where(mask, add(mul(shared, g.input(1)), shared), neg(x)));
  Graph out = rewritten("fuse_elementwise", g);
  // The mask has another shape: it is a group of its own.
  EXPECT_EQ(count(out, "fused_elementwise"), 2);
  EXPECT_EQ(count(out, "exp"), 0);
}

TEST(FuseElementwise, StopsAtOutputsOtherUsersAndTypes) {
  Graph g("g", {f32({"n", 4}), {DType::f16, {"n", 4}}});
  Value a = exp(g.input(0));
  g.output(a);
  g.output(neg(a));
  Value b = sin(g.input(0));
  g.output(add(softmax(b, 1), cos(b)));  // cos and add fuse; sin has two users
  g.output(neg(exp(g.input(1))));        // f16 rounds between ops
  Graph out = rewritten("fuse_elementwise", g);
  EXPECT_EQ(count(out, "fused_elementwise"), 1);
  EXPECT_EQ(count(out, "sin"), 1);
  EXPECT_EQ(count(out, "exp"), 2);
  EXPECT_EQ(count(out, "neg"), 2);
}

TEST(FuseElementwise, LongChainsAreCut) {
  Graph g("g", {f32({"n"})});
  Value x = g.input(0);
  for (int i = 0; i < 70; ++i) x = sin(x);
  g.output(x);
  Graph out = rewritten("fuse_elementwise", g);
  EXPECT_EQ(count(out, "fused_elementwise"), 3);
  EXPECT_EQ(count(out, "sin"), 0);
}

TEST(FuseElementwise, ConstantsAndIntegersByWholeGroups) {
  Graph g("g", {{DType::i64, {"n"}}});
  Value w = weight(g, "w", {3});
  g.output(neg(exp(w)));  // computed once at load
  g.output(where(greater(g.input(0), scalar(g, DType::i64, 1)), mul(g.input(0), g.input(0)), neg(g.input(0))));
  Graph out = rewritten("fuse_elementwise", g);
  EXPECT_EQ(count(out, "fused_elementwise"), 1);
  EXPECT_EQ(count(out, "exp"), 1);
}

}  // namespace
}  // namespace accelerate::passes_test
