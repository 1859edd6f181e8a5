#include "tests/unit/passes_support.h"

namespace accelerate::passes_test {
namespace {

using namespace ops;

Value heads(Value x) {
  return transpose(reshape(x, {"b", x.dim(1), 2, 3}), {0, 2, 1, 3});
}

TEST(AttentionLayout, TransposesGo) {
  Graph g("g", {f32({"b", "t", 6}), f32({"b", "s", 6}), {DType::boolean, {"b", 1, 1, "s"}}});
  Value first = equal(iota(g, DType::i64, "s"), scalar(g, DType::i64, 0));
  Value out = scaled_dot_product_attention(heads(g.input(0)), heads(g.input(1)), heads(g.input(1)),
                                           logical_or(g.input(2), first));
  g.output(reshape(transpose(out, {0, 2, 1, 3}), {"b", "t", 6}));
  Graph changed = rewritten("attention_layout", g);
  EXPECT_EQ(only(changed, "scaled_dot_product_attention").attrs.string("layout"), "BTHD");
  changed = run_pass("simplify_movement", changed);
  expect_same(g, changed, {{"b", 2}, {"t", 3}, {"s", 4}});
  EXPECT_EQ(count(changed, "transpose"), 0);
}

TEST(AttentionLayout, LeavesAttentionWhereNothingIsSaved) {
  Graph g("g", {f32({"b", "t", 6}), f32({"b", 2, "s", 3})});
  Value out = scaled_dot_product_attention(heads(g.input(0)), g.input(1), g.input(1));
  g.output(transpose(out, {0, 2, 1, 3}));
  expect_unchanged("attention_layout", g);
  Graph plain("plain", {f32({"b", 2, "s", 3})});
  plain.output(scaled_dot_product_attention(plain.input(0), plain.input(0), plain.input(0)));
  expect_unchanged("attention_layout", plain);
}

TEST(PatchEmbedding, BecomesLinearOfWindows) {
  Graph g("g", {f32({"b", 3, 8, 12})});
  ConvOptions options;
  options.strides = {4, 4};
  Value y = conv(g.input(0), weight(g, "w", {5, 3, 4, 4}), weight(g, "bias", {5}), options);
  g.output(transpose(flatten(y, 2), {0, 2, 1}));
  Graph out = rewritten("patch_embedding", g);
  EXPECT_EQ(count(out, "conv"), 0);
  out = run_pass("simplify_movement", out);
  expect_same(g, out, {{"b", 2}});
  EXPECT_EQ(count(out, "linear"), 1);
  EXPECT_EQ(count(out, "transpose"), 1);  // of the windows
}

TEST(PatchEmbedding, LeavesOtherConvolutions) {
  Graph g("g", {f32({"b", 3, 9, 12}), f32({"b", 4, 8, 8})});
  auto sequence = [](Value y) { return transpose(flatten(y, 2), {0, 2, 1}); };
  ConvOptions four;
  four.strides = {4, 4};
  g.output(sequence(conv(g.input(0), weight(g, "rest", {5, 3, 4, 4}), {}, four)));     // 9 rows: one is left over
  g.output(sequence(conv(g.input(1), weight(g, "overlap", {5, 4, 5, 5}), {}, four)));  // windows overlap
  g.output(sequence(conv(g.input(1), weight(g, "one", {5, 4, 1, 1}))));                // each position by itself
  g.output(conv(g.input(1), weight(g, "image", {5, 4, 4, 4}), {}, four));              // stays an image
  ConvOptions groups = four;
  groups.groups = 2;
  g.output(sequence(conv(g.input(1), weight(g, "groups", {4, 2, 4, 4}), {}, groups)));
  expect_unchanged("patch_embedding", g);
}

ConvOptions padded(int64_t stride = 1) {
  ConvOptions options;
  options.strides = {stride, stride};
  options.padding_begin = {1, 1};
  return options;
}

TEST(ChannelsLast, SmallNetHasOneTransposeAtTheEntrance) {
  Graph g("g", {f32({"b", 3, "h", "w"})});
  Value x = conv(g.input(0), weight(g, "stem", {4, 3, 3, 3}), {}, padded(2));
  x = batch_norm(x, weight(g, "n", {4}), weight(g, "nb", {4}), weight(g, "mean", {4}), weight(g, "var", {4}), 1e-5);
  PoolOptions pool;
  pool.kernel = {3, 3};
  pool.strides = {1, 1};
  pool.padding_begin = {1, 1};
  x = max_pool(relu(x), pool);
  Value y = relu(conv(x, weight(g, "a", {4, 4, 3, 3}), weight(g, "ab", {4}), padded()));
  x = add(y, x);
  // Squeeze and excite, per-channel constants, and a concatenation of channels.
  Value gate = sigmoid(conv(reduce_mean(x, {2, 3}, true), weight(g, "gate", {4, 4, 1, 1})));
  x = mul(mul(x, gate), weight(g, "scale", {4, 1, 1}));
  x = concat({x, exp(y)}, 1);
  g.output(reduce_mean(x, {2, 3}));
  g.output(reshape(reduce_mean(x, {2, 3}, true), {"b", 8}));
  Graph out = rewritten("channels_last", g);
  EXPECT_EQ(count(out, "transpose"), 1 + 1);  // the image, and the constant scale
  for (const Node& node : out.nodes())
    if (node.op->name == "conv" || node.op->name == "max_pool") EXPECT_EQ(node.attrs.string("layout"), "NHWC");
}

TEST(ChannelsLast, FusedConvWithResidual) {
  Graph g("g", {f32({"b", 4, "h", "w"})});
  Value x = g.input(0);
  for (const char* name : {"a", "c", "d"})
    x = fused_conv(x, weight(g, name, {4, 4, 3, 3}), weight(g, std::string(name) + "b", {4}), x, padded(), "relu",
                   true);
  g.output(x);
  Graph out = rewritten("channels_last", g);
  EXPECT_EQ(count(out, "transpose"), 2);
}

TEST(ChannelsLast, MeetsSequencesWithoutTransposes) {
  // [B,n,C] -> image -> convolution -> [B,n,C], as hybrid models do.
  Graph g("g", {f32({"b", 12, 4})});
  Value image = reshape(transpose(g.input(0), {0, 2, 1}), {"b", 4, 3, 4});
  Value y = conv(image, weight(g, "w", {4, 4, 3, 3}), {}, padded());
  g.output(transpose(flatten(y, 2), {0, 2, 1}));
  Graph out = run_pass("simplify_movement", rewritten("channels_last", g));
  expect_same(g, out, {{"b", 2}});
  EXPECT_EQ(count(out, "transpose"), 0);
  EXPECT_EQ(only(out, "conv").attrs.string("layout"), "NHWC");
}

TEST(ChannelsLast, OneSpatialAxisAndOtherReductions) {
  Graph g("g", {f32({"b", 3, "t"})});
  ConvOptions options;
  options.padding_begin = {1};
  Value x = relu(conv(g.input(0), weight(g, "a", {4, 3, 3}), {}, options));
  x = conv(x, weight(g, "c", {4, 4, 3}), {}, options);
  g.output(reduce_max(x, {1}));        // [b, t]
  g.output(reduce_sum(x, {2}, true));  // an output with kept axes
  g.output(reduce_sum(x, {0}));        // order of the rest differs: stays
  Graph out = rewritten("channels_last", g);
  for (const Node& node : out.nodes())
    if (node.op->name == "conv") EXPECT_EQ(node.attrs.string("layout"), "NHWC");
}

TEST(ChannelsLast, PatchesAreMadeOfChannelsFirst) {
  Graph g("g", {f32({"b", 3, "h", "w"})});
  ConvOptions options;
  options.padding_begin = options.padding_end = {1, 1};
  Value x = relu(conv(g.input(0), weight(g, "a", {4, 3, 3, 3}), {}, options));
  x = relu(conv(x, weight(g, "c", {4, 4, 3, 3}), {}, options));
  x = conv(x, weight(g, "d", {4, 4, 3, 3}), {}, options);
  PoolOptions patches;
  patches.kernel = patches.strides = {2, 2};
  g.output(im2col(x, patches));
  Graph out = rewritten("channels_last", g);
  for (const Node& node : out.nodes()) {
    if (node.op->name == "conv") {
      EXPECT_EQ(node.attrs.string("layout"), "NHWC");
    } else if (node.op->name == "im2col") {
      EXPECT_EQ(node.attrs.string("layout"), "NCHW");
    }
  }
}

TEST(ChannelsLast, LeavesNetsThatGainNothing) {
  Graph g("g", {f32({"b", 3, "h", "w"})});
  g.output(conv(g.input(0), weight(g, "w", {4, 3, 3, 3})));  // a border on each side
  expect_unchanged("channels_last", g);
  Graph pool("pool", {f32({"b", 3, "h", "w"})});
  PoolOptions options;
  options.kernel = {2, 2};
  pool.output(relu(max_pool(pool.input(0), options)));
  expect_unchanged("channels_last", pool);
}

TEST(BackendPipeline, EncoderBlock) {
  // Pre-norm block with separate query, key and value, written with transposes.
  Graph g("g", {f32({"b", "t", 6}), {DType::boolean, {"b", 1, 1, "t"}}});
  auto dense = [&](Value x, const std::string& name, int64_t out) {
    return linear(x, weight(g, name, {out, x.dim(-1)}), weight(g, name + ".b", {out}));
  };
  Value first = equal(iota(g, DType::i64, "t"), scalar(g, DType::i64, 0));
  Value mask = logical_or(g.input(1), first);
  Value x = g.input(0);
  Value n = layer_norm(x, weight(g, "n1", {6}), weight(g, "n1b", {6}), 1e-5);
  Value attended =
      scaled_dot_product_attention(heads(dense(n, "q", 6)), heads(dense(n, "k", 6)), heads(dense(n, "v", 6)), mask);
  x = add(dense(reshape(transpose(attended, {0, 2, 1, 3}), {"b", "t", 6}), "o", 6), x);
  n = layer_norm(x, weight(g, "n2", {6}), weight(g, "n2b", {6}), 1e-5);
  g.output(add(dense(gelu(dense(n, "up", 12)), "down", 6), x));
  PipelineOptions options;
  for (const PassInfo& info : list_passes())
    if (!info.portable) options.wanted.insert(info.name);
  Graph out = run_passes(g, options);
  expect_same(g, out, {{"b", 2}, {"t", 3}});
  EXPECT_EQ(count(out, "fused_linear_group"), 1);
  EXPECT_EQ(count(out, "fused_linear"), 3);
  EXPECT_EQ(count(out, "transpose"), 0);
  EXPECT_EQ(count(out, "add"), 0);
}

}  // namespace
}  // namespace accelerate::passes_test
