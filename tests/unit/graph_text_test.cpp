#include <cmath>
#include <limits>

#include "graph/graph.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/graph_test_ops.h"

namespace accelerate::test {
namespace {

void expect_round_trip(const Graph& graph) {
  std::string text = print(graph);
  Graph again = parse_graph(text, test_registry());
  EXPECT_EQ(print(again), text);
}

Graph small_graph() {
  Graph graph("small");
  Value x = graph.add_input("x", {DType::f32, {"batch", 7}});
  graph.output(add_node(graph, "same", {x}), "y");
  return graph;
}

TEST(GraphText, PrintsTheDocumentedForm) {
  EXPECT_EQ(print(small_graph()),
            "graph \"small\" (%x: f32[batch, 7]) {\n"
            "  %0 = same(%x) : f32[batch, 7]\n"
            "  return \"y\" = %0\n"
            "}\n");
}

TEST(GraphText, EveryAttributeKindKeepsItsValue) {
  Graph graph("attrs");
  Value x = graph.add_input("x", {DType::bf16, {"n", Dim("n") * 2 + 1, floordiv(Dim("n"), 16)}});
  Attrs attrs{
      {"a_bool", true},
      {"an_integer", std::numeric_limits<int64_t>::min()},
      {"a_number", 0.1},
      {"a_string", std::string("quote \" backslash \\ newline \n nul ") + std::string(1, '\0') + " \x7f \xc3\xa9"},
      {"a_dtype", DType::f8e5m2},
      {"integers", std::vector<int64_t>{-1, 0, std::numeric_limits<int64_t>::max()}},
      {"numbers", std::vector<double>{-0.0, 1e300, 5e-324, std::nan(""), -std::numeric_limits<double>::infinity(), 3}},
      {"strings", std::vector<std::string>{"", "a, b", "]"}},
      {"some_dims", Shape{Dim("n") + 3, 4, max(Dim("n"), 2)}},
      {"a_tensor", Tensor::from(DType::f16, {2, 3}, std::vector<double>{1, -2, 0.5, 65504, 0, -0.0})}};
  graph.output(add_node(graph, "kinds", {x}, attrs));
  std::string text = print(graph);
  Graph again = parse_graph(text, test_registry());
  EXPECT_EQ(print(again), text);
  EXPECT_TRUE(same(again.nodes()[0].attrs, attrs));
  EXPECT_EQ(again.nodes()[0].attrs.string("a_string"), attrs.string("a_string"));
  EXPECT_TRUE(std::signbit(again.nodes()[0].attrs.numbers("numbers")[0]));
}

TEST(GraphText, EmptyListsAndScalars) {
  Graph graph("empty");
  Value x = graph.add_input("x", {DType::boolean, {}});
  graph.output(add_node(graph, "kinds", {x},
                        {{"integers", std::vector<int64_t>{}},
                         {"strings", std::vector<std::string>{}},
                         {"some_dims", Shape{}},
                         {"a_tensor", Tensor::zeros(DType::i64, {0, 3})}}));
  expect_round_trip(graph);
}

TEST(GraphText, EncodingsLocationsVersionsRegionsTokens) {
  auto inner = std::make_shared<Graph>("inner");
  Value a = inner->add_input("a", {DType::f32, {"n"}});
  inner->output(add_node(*inner, "same", {a}), "a");
  Graph graph("outer");
  Value x = graph.add_input("x", {DType::f32, {"n"}});
  Value packed = graph.add_input("packed", {DType::f32, {32, 64}, {Encoding::Kind::gguf_block, "Q4_1", 32, 20, 1}});
  graph.set_location("layer.0 \"q\"");
  Value y = graph.add(test_registry().get("region"), std::vector<Value>{x}, {}, {inner}).at(0);
  graph.set_location("");
  Value t = add_node(graph, "touch", {add_node(graph, "token", {})});
  Value second = graph.add(test_registry().get("two"), std::vector<Value>{y}).at(1);
  graph.output(add_node(graph, "newer", {y}), "y");
  graph.output(packed, "packed");
  graph.output(second, "second");
  graph.output(t, "state");
  std::string text = print(graph);
  EXPECT_NE(text.find("newer@3"), std::string::npos);
  EXPECT_NE(text.find("loc \"layer.0 \\\"q\\\"\""), std::string::npos);
  EXPECT_NE(text.find("gguf_block<Q4_1,32,20,1>"), std::string::npos);
  expect_round_trip(graph);
}

TEST(GraphText, ProgramsKeepRolesAndMetadata) {
  Program program;
  program.name = "p";
  program.metadata["task"] = "fill-mask";
  program.graphs.emplace("decoder", small_graph());
  program.graphs.emplace("encoder", small_graph());
  std::string text = print(program);
  Program again = parse_program(text, test_registry());
  EXPECT_EQ(print(again), text);
  EXPECT_EQ(again.metadata.at("task"), "fill-mask");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"main"}, [&] { again.main(); }));
}

TEST(GraphText, CommentsAndSpaceDoNotMatter) {
  Graph graph = parse_graph(
      "// head\ngraph \"small\"(%x:f32[batch,7]){ // inside\n%anything=same( %x ):f32[ batch , 7 ]\nreturn "
      "\"y\"=%anything}",
      test_registry());
  EXPECT_EQ(print(graph), print(small_graph()));
}

TEST(GraphText, BadTextSaysWhere) {
  auto bad = [](const std::string& text, ErrorCode code, std::initializer_list<std::string> fragments) {
    return throws_error(code, fragments, [&] { parse_graph(text, test_registry()); });
  };
  EXPECT_TRUE(bad("", ErrorCode::invalid_graph, {"line 1, column 1", "graph"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) {\n  %0 = same(%z) : f32[2]\n  return\n}", ErrorCode::invalid_graph,
                  {"line 2", "defined before"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) {\n  %0 = same(%x) : f32[3]\n  return\n}", ErrorCode::invalid_graph,
                  {"f32[2]", "f32[3]"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f99[2]) { return }", ErrorCode::invalid_dtype, {"f99"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) { %0 = sane(%x) : f32[2] return }", ErrorCode::unsupported_op, {"sane"}));
  EXPECT_TRUE(
      bad("graph \"g\" (%x: f32[2]) { %0 = newer(%x) : f32[2] return }", ErrorCode::invalid_graph, {"version 3"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2], %x: f32[2]) { return }", ErrorCode::invalid_graph, {"x"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) { %a = same(%x) : f32[2] %a = same(%x) : f32[2] return }",
                  ErrorCode::invalid_graph, {"names that differ"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) { return \"a\" = %x, \"a\" = %x }", ErrorCode::invalid_graph, {"a"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) { return \"a\" = %x } more", ErrorCode::invalid_graph, {"the end"}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[2]) { return \"unclosed = %x }", ErrorCode::invalid_graph, {}));
  EXPECT_TRUE(bad("graph \"g\" (%x: f32[-2]) { return }", ErrorCode::invalid_shape, {"-2"}));
}

TEST(GraphText, TensorsMustHaveAllTheirBytes) {
  auto text = [](const std::string& tensor) {
    return "graph \"g\" (%x: f32[2]) { %0 = kinds(%x) {a_tensor = tensor " + tensor + "} : f32[2] return \"y\" = %0 }";
  };
  EXPECT_NO_THROW(parse_graph(text("bool[2] 0x0100"), test_registry()));
  for (const char* bad :
       {"bool[2] 0x0102", "i64[1] 0x00", "u8[9999999999999] 0x00", "u8[n] 0x00", "token 0x", "u8[2] 0xzz00"})
    EXPECT_THROW(parse_graph(text(bad), test_registry()), Error) << bad;
}

TEST(GraphText, NestingIsBounded) {
  std::string open;
  std::string close;
  for (int i = 0; i < 1000; ++i) {
    open += "graph \"g\" () { region() regions { ";
    close += "} return }";
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_graph, {"16"}, [&] { parse_graph(open + close, test_registry()); }));
}

TEST(IdentityHash, IgnoresNamesAndLocationsAndSeesTheComputation) {
  auto program = [](auto change) {
    Program p;
    Graph graph("g");
    Value x = graph.add_input("x", {DType::f32, {"n"}});
    change(p, graph, x);
    p.graphs.emplace("main", std::move(graph));
    return identity_hash(p);
  };
  auto plain = [](Program&, Graph& g, Value x) { g.output(add_node(g, "same", {x})); };
  std::string hash = program(plain);
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(hash, program(plain));
  EXPECT_EQ(hash, program([&](Program& p, Graph& g, Value x) {
              p.name = "other";
              p.metadata["a"] = "b";
              g.set_name("h");
              g.set_location("somewhere");
              plain(p, g, x);
            }));
  EXPECT_NE(hash,
            program([&](Program&, Graph& g, Value x) { g.output(add_node(g, "same", {add_node(g, "same", {x})})); }));
  EXPECT_NE(hash,
            program([&](Program&, Graph& g, Value x) { g.output(add_node(g, "kinds", {x}, {{"a_number", 0.5}})); }));
}

}  // namespace
}  // namespace accelerate::test
