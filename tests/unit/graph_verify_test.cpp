#include "graph/graph.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/graph_test_ops.h"

namespace accelerate::test {
namespace {

TEST(Builder, ChecksOperandsAttributesAndGraph) {
  Graph graph("g");
  Graph other("o");
  Value x = graph.add_input("x", {DType::f32, {"n"}});
  Value y = other.add_input("y", {DType::f32, {"n"}});
  graph.set_location("layer.3");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"2 operands", "expected 1", "same(", "layer.3"},
                           [&] { add_node(graph, "same", {x, x}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"another graph"}, [&] { add_node(graph, "same", {y}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"no attribute", "axis"},
                           [&] { add_node(graph, "same", {x}, {{"axis", int64_t{1}}}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"shape", "needs"}, [&] { add_node(graph, "source", {}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"a_bool", "integer", "bool"},
                           [&] { add_node(graph, "kinds", {x}, {{"a_bool", int64_t{1}}}); }));
  EXPECT_EQ(graph.nodes().size(), 0U);
}

TEST(Builder, FillsInFallbacks) {
  Graph graph("g");
  Value v = add_node(graph, "source", {}, {{"shape", Shape{2}}});
  EXPECT_EQ(graph.producer(v.id)->attrs.dtype("dtype"), DType::f32);
}

TEST(Graph, NamesOfInputsAndOutputs) {
  Graph graph("g");
  Value x = graph.add_input("ids", {DType::i64, {"n"}});
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"ids"}, [&] { graph.add_input("ids", {DType::i64, {}}); }));
  for (const char* bad : {"", "1a", "a b", "a\n"}) EXPECT_THROW(graph.add_input(bad, {DType::i64, {}}), Error) << bad;
  graph.output(x);
  EXPECT_EQ(graph.outputs()[0].name, "output0");
  EXPECT_THROW(graph.output(x, "output0"), Error);
  EXPECT_EQ(graph.find_input("ids"), 0U);
  EXPECT_FALSE(graph.find_input("other"));
}

TEST(Graph, UsersAreListedOnceANode) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {2}});
  Value y = add_node(graph, "join", {x, x, x});
  graph.output(y);
  EXPECT_EQ(graph.users()[x.id], std::vector<int>{0});
  EXPECT_TRUE(graph.users()[y.id].empty());
  EXPECT_TRUE(graph.output_mask()[y.id]);
  EXPECT_FALSE(graph.output_mask()[x.id]);
}

TEST(Verify, AcceptsSymbolsOfInputsAndOfEarlierNodes) {
  Graph graph("g");
  Value x = graph.add_input("x", {DType::f32, {"n"}});
  Value u = add_node(graph, "unknown", {x}, {{"name", std::string("count")}});
  graph.output(add_node(graph, "same", {u}));
  graph.output(add_node(graph, "source", {}, {{"shape", Shape{Dim("n") * 2}}}));
  EXPECT_NO_THROW(verify(graph));
}

TEST(Verify, RefusesDimsThatNothingDefines) {
  Graph graph("g");
  Value v = add_node(graph, "source", {}, {{"shape", Shape{"m"}}});
  graph.output(v);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"\"m\"", "source"}, [&] { verify(graph); }));
}

TEST(Verify, RefusesATokenUsedTwice) {
  Graph graph("g");
  Value t = add_node(graph, "token", {});
  graph.output(add_node(graph, "touch", {t}));
  EXPECT_NO_THROW(verify(graph));
  graph.output(add_node(graph, "touch", {t}));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"token", "more than once"}, [&] { verify(graph); }));
}

TEST(Verify, RegionsSeeTheDimsAround) {
  auto inner = std::make_shared<Graph>("inner");
  inner->output(add_node(*inner, "source", {}, {{"shape", Shape{"n"}}}), "a");
  EXPECT_THROW(verify(*inner), Error);
  Graph graph("g");
  graph.add_input("x", {DType::f32, {"n"}});
  graph.output(graph.add(test_registry().get("region"), {}, {}, {inner}).at(0));
  EXPECT_NO_THROW(verify(graph));
}

TEST(Verify, AProgramNeedsAGraph) {
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"no graph"}, [] { verify(Program{}); }));
}

TEST(Registry, NamesSimilarOps) {
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_op, {"\"regions\"", "similar: region"},
                           [] { test_registry().get("regions"); }));
  OpRegistry registry;
  OpDef op;
  op.name = "twice";
  registry.add(op);
  EXPECT_TRUE(throws_error(ErrorCode::internal, {"twice"}, [&] { registry.add(op); }));
}

}  // namespace
}  // namespace accelerate::test
