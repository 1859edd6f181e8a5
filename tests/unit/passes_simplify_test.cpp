#include "tests/unit/passes_support.h"

namespace accelerate::passes_test {
namespace {

using namespace ops;

TEST(ConstantFolding, ComputesLiteralsAndLeavesLargeOnes) {
  Graph g("g", {f32({"n", 4})});
  Value c = mul(scalar(g, DType::f32, 3), add(scalar(g, DType::f32, 1), scalar(g, DType::f32, 1)));
  g.output(add(g.input(0), c));
  Graph out = rewritten("constant_folding", g);
  EXPECT_EQ(count(out, "mul"), 0);
  EXPECT_EQ(count(out, "add"), 1);
  EXPECT_EQ(only(out, "constant").attrs.tensor("value").get(0), 6);

  Graph large("large", {f32({1000})});
  large.output(add(large.input(0), cast(iota(large, DType::i64, 1000), DType::f32)));
  expect_unchanged("constant_folding", large);
  // Broadcasting a literal stays broadcasting.
  Graph wide("wide", {f32({100})});
  wide.output(concat({wide.input(0), expand(reshape(scalar(wide, DType::f32, 2), {1}), {100})}, 0));
  EXPECT_EQ(count(rewritten("constant_folding", wide), "expand"), 1);
}

TEST(ConstantFolding, LeavesWeightsSymbolsAndErrors) {
  Graph g("g", {f32({"n", 4})});
  g.output(add(g.input(0), neg(weight(g, "w", {4}))));
  g.output(add(cast(iota(g, DType::i64, "n"), DType::f32), scalar(g, DType::f32, 1)));
  // Fails when it runs: the index is out of range.
  g.output(gather(reshape(scalar(g, DType::f32, 1), {1}), reshape(constant(g, Tensor::scalar(DType::i64, 5)), {1}), 0));
  Graph out = run_pass("constant_folding", g);
  EXPECT_EQ(count(out, "neg"), 1);
  EXPECT_EQ(count(out, "iota"), 1);
  EXPECT_EQ(count(out, "gather"), 1);
}

TEST(CommonSubexpressions, MergesEqualNodesOnly) {
  Graph g("g", {f32({"n", 4}), f32({"n", 4})});
  Value a = g.input(0);
  Value b = g.input(1);
  g.output(mul(add(a, b), add(b, a)));          // commutative
  g.output(mul(sub(a, b), sub(b, a)));          // not
  g.output(add(softmax(a, 0), softmax(a, 1)));  // other attributes
  g.output(exp(exp(a)));
  g.output(mul(exp(exp(a)), scalar(g, DType::f32, 2)));
  g.output(mul(b, scalar(g, DType::f32, 2)));
  Graph out = rewritten("common_subexpressions", g);
  EXPECT_EQ(count(out, "add"), 2);
  EXPECT_EQ(count(out, "sub"), 2);
  EXPECT_EQ(count(out, "softmax"), 2);
  EXPECT_EQ(count(out, "exp"), 2);
  EXPECT_EQ(count(out, "constant"), 1);
}

TEST(DeadCode, DropsWhatNothingUses) {
  Graph g("g", {f32({"n"})});
  exp(neg(g.input(0)));
  g.output(abs(g.input(0)));
  EXPECT_EQ(rewritten("dead_code", g).nodes().size(), 1U);
}

TEST(SimplifyCasts, MergesExactOnes) {
  Graph g("g", {{DType::f16, {"n"}}, {DType::boolean, {"n"}}, f32({"n"})});
  g.output(cast(cast(g.input(0), DType::f32), DType::f16));
  g.output(cast(cast(g.input(1), DType::i64), DType::f32));
  g.output(not_equal(cast(g.input(1), DType::i64), scalar(g, DType::i64, 0)));
  g.output(cast(cast(g.input(2), DType::f16), DType::f32));  // rounds: stays
  Graph out = rewritten("simplify_casts", g);
  EXPECT_EQ(out.outputs()[0].value, out.inputs()[0]);
  EXPECT_EQ(out.outputs()[2].value, out.inputs()[1]);
  EXPECT_EQ(count(out, "cast"), 3);
  EXPECT_EQ(count(out, "not_equal"), 0);
}

TEST(SimplifyArithmetic, NeutralElementsAndChains) {
  Graph g("g", {f32({"n", 4}), f32({4})});
  Value x = g.input(0);
  auto c = [&](double v) { return scalar(g, DType::f32, v); };
  g.output(add(x, c(0)));
  g.output(mul(c(1), x));
  g.output(div(sub(x, c(0)), c(1)));
  g.output(neg(neg(x)));
  g.output(relu(relu(x)));
  Graph out = rewritten("simplify_arithmetic", g);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(out.outputs()[i].value, out.inputs()[0]) << i;
  EXPECT_EQ(count(out, "relu"), 1);

  Graph chain("chain", {f32({"n", 4})});
  auto k = [&](double v) { return scalar(chain, DType::f32, v); };
  Value y = chain.input(0);
  chain.output(mul(div(mul(k(3), y), k(4)), k(2)));
  chain.output(add(add(y, k(1)), k(2)));
  chain.output(pow(y, k(2)));
  chain.output(pow(y, k(-1)));
  chain.output(div(y, k(3)));  // 1/3 is not exact: stays
  Graph short_chain = rewritten("simplify_arithmetic", chain);
  EXPECT_EQ(count(short_chain, "mul"), 1);
  EXPECT_EQ(count(short_chain, "add"), 1);
  EXPECT_EQ(count(short_chain, "square"), 1);
  EXPECT_EQ(count(short_chain, "reciprocal"), 1);
  EXPECT_EQ(count(short_chain, "pow"), 0);
  EXPECT_EQ(count(short_chain, "div"), 1);
}

TEST(SimplifyArithmetic, KeepsWhatBroadcastsOrIsNotNeutral) {
  Graph g("g", {f32({4}), f32({"n", 4})});
  // x + zeros[3, 4] widens x.
  g.output(add(g.input(0), constant(g, Tensor::zeros(DType::f32, {3, 4}))));
  g.output(mul(g.input(1), scalar(g, DType::f32, 1.5)));
  g.output(sub(scalar(g, DType::f32, 0), g.input(1)));
  expect_unchanged("simplify_arithmetic", g);
}

TEST(SimplifyArithmetic, WhereAndExpand) {
  Graph g("g", {f32({"n", 4}), f32({4})});
  Value yes = constant(g, Tensor::scalar(DType::boolean, 1));
  Value no = constant(g, Tensor::scalar(DType::boolean, 0));
  g.output(where(yes, g.input(0), g.input(1)));
  g.output(where(no, g.input(0), g.input(1)));
  g.output(mul(g.input(0), expand(g.input(1), {"n", 4})));
  g.output(exp(expand(g.input(1), {"n", 4})));  // gives the shape: stays
  Graph out = rewritten("simplify_arithmetic", g);
  EXPECT_EQ(count(out, "where"), 0);
  EXPECT_EQ(out.outputs()[0].value, out.inputs()[0]);
  EXPECT_EQ(only(out, "mul").operands[1], out.inputs()[1]);
  EXPECT_EQ(count(out, "expand"), 2);
}

TEST(SimplifyMovement, TransposesAndReshapes) {
  Graph g("g", {f32({"b", "t", 4, 5})});
  Value x = g.input(0);
  g.output(transpose(transpose(x, {0, 2, 1, 3}), {0, 2, 1, 3}));
  g.output(transpose(transpose(x, {0, 2, 1, 3}), {0, 1, 3, 2}));
  g.output(reshape(reshape(x, {"b", "t", 20}), {"b", "t", 2, 10}));
  g.output(reshape(reshape(x, {"b", "t", 20}), {"b", "t", 4, 5}));
  g.output(slice(x, 3, 0, 5));
  g.output(pad(x, {0, 0, 0, 0}, {0, 0, 0, 0}));
  g.output(expand(x, {"b", "t", 4, 5}));
  Value joined = concat({x, neg(x)}, 2);
  g.output(slice(joined, 2, 4, 8));
  g.output(slice(joined, 2, 3, 8));
  Graph out = rewritten("simplify_movement", g);
  for (size_t i : {0, 3, 4, 5, 6}) EXPECT_EQ(out.outputs()[i].value, out.inputs()[0]) << i;
  EXPECT_EQ(count(out, "transpose"), 1);
  EXPECT_EQ(count(out, "reshape"), 1);
  EXPECT_EQ(count(out, "slice"), 1);
  EXPECT_EQ(only(out, "transpose").attrs.integers("permutation"), (std::vector<int64_t>{0, 2, 3, 1}));
}

TEST(SimplifyMovement, TransposeOfUnitAxesIsAView) {
  Graph g("g", {f32({"b", 1, "t", 4})});
  g.output(transpose(g.input(0), {0, 2, 1, 3}));
  g.output(transpose(g.input(0), {2, 1, 0, 3}));  // moves data
  Graph out = rewritten("simplify_movement", g);
  EXPECT_EQ(count(out, "reshape"), 1);
  EXPECT_EQ(count(out, "transpose"), 1);
}

TEST(Pipeline, ReportsDisablesAndRejectsUnknownNames) {
  Graph g("g", {f32({"n", 4})});
  g.output(add(neg(neg(g.input(0))), scalar(g, DType::f32, 0)));
  std::vector<PassRunReport> reports;
  Graph out = run_passes(g, {}, &reports);
  EXPECT_TRUE(out.nodes().empty());
  int changes = 0;
  for (const auto& report : reports) changes += report.name == "simplify_arithmetic" ? report.changes : 0;
  EXPECT_GE(changes, 2);
  Graph kept = run_passes(g, {{}, {"simplify_arithmetic"}});
  EXPECT_EQ(count(kept, "neg"), 2);
  EXPECT_THROW(run_passes(g, {{"no_such_pass"}, {}}), Error);
  EXPECT_THROW(run_passes(g, {{}, {"no_such_pass"}}), Error);
  EXPECT_THROW(run_pass("no_such_pass", g), Error);
}

TEST(Pipeline, ListsEachPassOnce) {
  std::set<std::string> names;
  bool backend = false;
  for (const PassInfo& info : list_passes()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.doc.empty());
    backend |= !info.portable;
  }
  EXPECT_TRUE(backend);
  EXPECT_TRUE(names.contains("fuse_linear"));
}

TEST(Pipeline, BackendPassesRunOnlyIfWanted) {
  Graph g("g", {f32({"n", 4})});
  g.output(relu(linear(g.input(0), weight(g, "w", {5, 4}))));
  EXPECT_EQ(count(run_passes(g, {}), "fused_linear"), 0);
  EXPECT_EQ(count(run_passes(g, {{"fuse_linear"}, {}}), "fused_linear"), 1);
  EXPECT_EQ(count(run_passes(g, {{"fuse_linear"}, {"fuse_linear"}}), "fused_linear"), 0);
}

TEST(Pipeline, WorksInRegions) {
  Graph g("g", {f32({"n"}), {DType::boolean, {}}});
  auto branch = [&](bool twice) {
    auto region = std::make_shared<Graph>("branch", std::vector<TensorType>{f32({"n"})});
    Value x = region->input(0);
    region->output(twice ? neg(neg(x)) : abs(abs(x)));
    return std::shared_ptr<const Graph>(region);
  };
  g.output(if_(g.input(1), branch(true), branch(false), {g.input(0)}).at(0));
  Graph out = rewritten("simplify_arithmetic", g);
  const Node& node = only(out, "if");
  EXPECT_EQ(node.regions[0]->nodes().size(), 0U);
  EXPECT_EQ(node.regions[1]->nodes().size(), 1U);
}

TEST(SimplifyMovement, TheFirstPositionsOfARangeAreARange) {
  Graph g("g", {f32({"b", "t"})});
  Value positions = reshape(iota(g, DType::i64, 64), {1, 64});
  g.output(slice(positions, 1, 0, "t"));
  g.output(slice(positions, 1, 1, 5));
  Graph out = rewritten("simplify_movement", g);
  EXPECT_EQ(count(out, "slice"), 1);
}

}  // namespace
}  // namespace accelerate::passes_test
