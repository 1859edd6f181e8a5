#include "graph/graph.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/graph_test_ops.h"

namespace accelerate::test {
namespace {

Value add_node(Patch& patch, const char* op, std::vector<Value> operands) {
  return patch.add(test_registry().get(op), operands).at(0);
}

/// Names of the ops in order.
std::string ops_of(const Graph& graph) {
  std::string out;
  for (const Node& node : graph.nodes()) out += (out.empty() ? "" : " ") + node.op->name;
  return out;
}

struct Chain {
  Graph graph{"chain"};
  Value x, a, b;
  Chain() {
    x = graph.add_input("x", {DType::f32, {"n"}});
    a = test::add_node(graph, "same", {x});
    b = test::add_node(graph, "newer", {a});
    graph.output(b, "b");
  }
};

TEST(Patch, ReplacesAValueAndDropsDeadNodes) {
  Chain c;
  Patch patch(c.graph);
  EXPECT_TRUE(patch.empty());
  patch.replace(c.b.id, add_node(patch, "join", {patch.value(c.x.id)}));
  Graph out = patch.apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "join");
  EXPECT_EQ(out.outputs()[0].name, "b");
  EXPECT_EQ(ops_of(c.graph), "same newer");  // the base is as it was
}

TEST(Patch, AReplacementMayUseWhatItReplaces) {
  Chain c;
  Patch patch(c.graph);
  patch.replace(c.a.id, add_node(patch, "join", {patch.value(c.a.id)}));
  Graph out = patch.apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "same join newer");
}

TEST(Patch, ReplacementByAnInputAndInChains) {
  Chain c;
  Patch patch(c.graph);
  patch.replace(c.b.id, patch.value(c.a.id));
  patch.replace(c.a.id, patch.value(c.x.id));
  Graph out = patch.apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "");
  EXPECT_EQ(out.outputs()[0].value, out.inputs()[0]);
}

TEST(Patch, NewNodesSeeOtherReplacements) {
  Chain c;
  Patch patch(c.graph);
  patch.replace(c.a.id, add_node(patch, "join", {patch.value(c.x.id)}));
  patch.replace(c.b.id, add_node(patch, "same", {patch.value(c.a.id)}));
  Graph out = patch.apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "join same");
}

TEST(Patch, CyclesAreFound) {
  Chain c;
  Patch patch(c.graph);
  patch.replace(c.a.id, patch.value(c.b.id));
  EXPECT_TRUE(throws_error(ErrorCode::internal, {"cycl"}, [&] { patch.apply(); }));
  Patch loop(c.graph);
  loop.replace(c.a.id, loop.value(c.x.id));
  loop.replace(c.x.id, loop.value(c.a.id));
  EXPECT_TRUE(throws_error(ErrorCode::internal, {"cycle"}, [&] { loop.apply(); }));
}

TEST(Patch, TypesMustFit) {
  Chain c;
  Value integers = test::add_node(c.graph, "source", {}, {{"shape", Shape{"n"}}, {"dtype", DType::i64}});
  Value matrix = test::add_node(c.graph, "source", {}, {{"shape", Shape{"n", 1}}});
  Patch patch(c.graph);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"f32[n]", "i64[n]"},
                           [&] { patch.replace(c.a.id, patch.value(integers.id)); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_graph, {"f32[n, 1]"}, [&] { patch.replace(c.a.id, patch.value(matrix.id)); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"another graph"}, [&] { patch.replace(c.a.id, c.x); }));
}

TEST(Patch, KeepsEffectsThatNothingUses) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {2}});
  test::add_node(graph, "touch", {test::add_node(graph, "token", {})});
  test::add_node(graph, "same", {x});  // dead
  graph.output(x, "x");
  Graph out = Patch(graph).apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "token touch");
}

TEST(Patch, KeepsOrderLocationsAndSharing) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {2}});
  graph.set_location("first");
  Value a = test::add_node(graph, "same", {x});
  graph.set_location("second");
  Value b = test::add_node(graph, "newer", {a});
  Value c = test::add_node(graph, "join", {a, b, a});
  graph.output(c);
  graph.output(a, "a");
  EXPECT_EQ(print(Patch(graph).apply()), print(graph));
  // Inserting something in the middle keeps the rest in order.
  Patch patch(graph);
  patch.replace(b.id, add_node(patch, "join", {patch.value(b.id), patch.value(a.id)}));
  Graph out = patch.apply();
  verify(out);
  EXPECT_EQ(ops_of(out), "same newer join join");
  EXPECT_EQ(out.nodes()[1].location, "second");
}

TEST(Patch, ALongChainNeedsNoDeepStack) {
  Graph graph("g");
  Value v = graph.add_input("x", {DType::f32, {2}});
  for (int i = 0; i < 50000; ++i) v = test::add_node(graph, "same", {v});
  graph.output(v);
  Patch patch(graph);
  Value w = patch.value(graph.inputs()[0]);
  for (int i = 0; i < 50000; ++i) w = add_node(patch, "same", {w});
  patch.replace(v.id, w);
  EXPECT_EQ(patch.apply().nodes().size(), 50000U);
}

TEST(Patch, KeepsWhatDefinesAnUnbackedDimThatAnAttributeNames) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {"n"}});
  graph.add(test_registry().get("unknown"), std::vector<Value>{x}, {{"name", std::string("k")}});
  Value y = graph.add1(test_registry().get("source"), {}, {{"shape", Shape{Dim::unbacked("k")}}});
  graph.output(y, "y");
  Patch patch(graph);
  Value again = patch.add1(test_registry().get("source"), {}, {{"shape", Shape{Dim::unbacked("k")}}});
  patch.replace(y.id, add_node(patch, "same", {again}));
  EXPECT_EQ(ops_of(patch.apply()), "unknown source same");
}

TEST(Patch, AnExpansionMayDefineTheUnbackedDimOfWhatItReplaces) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {"n"}});
  Value y = graph.add(test_registry().get("unknown"), std::vector<Value>{x}, {{"name", std::string("k")}}).at(0);
  graph.output(y, "y");
  Patch patch(graph);
  // newer(unknown(x)), beside a source of the same extent.
  Value inner =
      patch.add(test_registry().get("unknown"), std::vector<Value>{patch.value(x.id)}, {{"name", std::string("k")}})
          .at(0);
  Value beside = patch.add1(test_registry().get("source"), {}, {{"shape", Shape{Dim::unbacked("k")}}});
  patch.replace(y.id, add_node(patch, "join", {add_node(patch, "newer", {inner}), beside}));
  EXPECT_EQ(ops_of(patch.apply()), "unknown source newer join");
}

}  // namespace
}  // namespace accelerate::test
