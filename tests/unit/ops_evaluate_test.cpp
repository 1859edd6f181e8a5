#include <cmath>

#include "accelerate/ops.h"
#include "ops/evaluate.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "tests/unit/error_matchers.h"

namespace accelerate::test {
namespace {

std::vector<double> values_of(const Tensor& t) {
  std::vector<double> out;
  for (int64_t i = 0; i < t.num_elements(); ++i) out.push_back(t.get(i));
  return out;
}

Tensor floats(std::vector<int64_t> shape, std::vector<double> values) {
  return Tensor::from(DType::f32, std::move(shape), values);
}

TEST(Evaluate, RunsNodesInOrder) {
  Graph graph("g", {{DType::f32, {"n", 2}}, {DType::f32, {2}}});
  Value sum = ops::add(graph.input(0), graph.input(1));
  graph.output(ops::relu(sum), "r");
  graph.output(sum, "sum");
  graph.output(graph.input(1), "same");
  auto out = ops::evaluate(graph, std::vector<Tensor>{floats({2, 2}, {-5, 1, 2, -3}), floats({2}, {1, 2})});
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(values_of(out[0]), (std::vector<double>{0, 3, 3, 0}));
  EXPECT_EQ(values_of(out[1]), (std::vector<double>{-4, 3, 3, -1}));
  EXPECT_EQ(values_of(out[2]), (std::vector<double>{1, 2}));
}

TEST(Evaluate, InputsMustFit) {
  Graph graph("g");
  Value x = graph.add_input("ids", {DType::f32, {"n", 2}});
  graph.output(ops::relu(x));
  auto run = [&](std::vector<Tensor> inputs) { return [&graph, inputs] { ops::evaluate(graph, inputs); }; };
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"0 inputs", "takes 1"}, run({})));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"\"ids\"", "i64", "f32[n, 2]"},
                           run({Tensor::zeros(DType::i64, {1, 2})})));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"\"ids\"", "[2]"}, run({floats({2}, {1, 2})})));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"\"ids\"", "extent 3", "axis 1", "expected 2"},
                           run({floats({1, 3}, {1, 2, 3})})));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"\"ids\"", "no data"},
                           run({Tensor::borrow(DType::f32, {1, 2}, nullptr, nullptr)})));
}

TEST(BindDims, SolvesExpressionsInAnyOrder) {
  Graph graph("g");
  graph.add_input("mask", {DType::f32, {"batch", Dim("sequence") + "past"}});
  graph.add_input("ids", {DType::f32, {"batch", "sequence"}});
  auto dims =
      ops::bind_dims(graph, std::vector<Tensor>{Tensor::zeros(DType::f32, {2, 7}), Tensor::zeros(DType::f32, {2, 3})});
  EXPECT_EQ(dims.at("past"), 4);
  EXPECT_EQ(dims.at("sequence"), 3);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"\"ids\"", "extent 5", "expected 2 for batch"}, [&] {
    ops::bind_dims(graph, std::vector<Tensor>{Tensor::zeros(DType::f32, {2, 7}), Tensor::zeros(DType::f32, {5, 3})});
  }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"past = -1"}, [&] {
    ops::bind_dims(graph, std::vector<Tensor>{Tensor::zeros(DType::f32, {2, 2}), Tensor::zeros(DType::f32, {2, 3})});
  }));
  Graph lone("lone");
  lone.add_input("x", {DType::f32, {Dim("a") * "b"}});
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"\"x\"", "cannot be solved"},
                           [&] { ops::bind_dims(lone, std::vector<Tensor>{Tensor::zeros(DType::f32, {6})}); }));
  Graph even("even");
  even.add_input("x", {DType::f32, {Dim("a") * 2}});
  EXPECT_THROW(ops::bind_dims(even, std::vector<Tensor>{Tensor::zeros(DType::f32, {7})}), Error);
}

TEST(Evaluate, ReadsWeightsAndChecksThem) {
  Graph graph("g", {{DType::f32, {"n"}}});
  graph.output(ops::add(graph.input(0), ops::weight(graph, "w", {DType::f32, {2}})));
  MemoryWeights weights;
  weights.add("w", floats({2}, {10, 20}));
  std::vector<Tensor> in = {floats({2}, {1, 2})};
  EXPECT_EQ(values_of(ops::evaluate(graph, in, &weights).at(0)), (std::vector<double>{11, 22}));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"\"w\"", "no weights"}, [&] { ops::evaluate(graph, in); }));
  MemoryWeights other;
  other.add("v", floats({2}, {1, 2}));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"no weight \"w\"", "f32[2]"},
                           [&] { ops::evaluate(graph, in, &other); }));
  MemoryWeights wrong;
  wrong.add("w", Tensor::zeros(DType::f16, {3}));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_weights, {"f16[3]", "f32[2]"}, [&] { ops::evaluate(graph, in, &wrong); }));
  Graph packed("p");
  packed.output(ops::weight(packed, "w", {DType::f32, {2}, {Encoding::Kind::gguf_block, "Q8_0", 32, 34, 0}}));
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_op, {"Q8_0"}, [&] { ops::evaluate(packed, {}, &weights); }));
}

/// An op of this test: keeps the positive elements, so that its extent is known only when data is seen.
OpDef keep_positive() {
  OpDef op;
  op.name = "keep_positive";
  op.min_operands = op.max_operands = 1;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    return {{c.operand(0).dtype, {Dim::unbacked("kept")}}};
  };
  op.reference = [](EvalContext& c) {
    std::vector<double> kept;
    for (int64_t i = 0; i < c.inputs[0].num_elements(); ++i)
      if (c.inputs[0].get(i) > 0) kept.push_back(c.inputs[0].get(i));
    c.outputs[0] = Tensor::from(c.inputs[0].dtype(), {static_cast<int64_t>(kept.size())}, kept);
  };
  return op;
}

TEST(Evaluate, BindsUnbackedDimsFromResults) {
  OpDef op = keep_positive();
  Graph graph("g", {{DType::f32, {"n"}}});
  Value kept = graph.add(op, std::vector<Value>{graph.input(0)}).at(0);
  graph.output(ops::relu(kept));
  graph.output(ops::iota(graph, DType::i64, kept.dim(0) + 1));
  verify(graph);
  auto out = ops::evaluate(graph, std::vector<Tensor>{floats({4}, {1, -2, 3, -4})});
  EXPECT_EQ(values_of(out[0]), (std::vector<double>{1, 3}));
  EXPECT_EQ(values_of(out[1]), (std::vector<double>{0, 1, 2}));
}

TEST(Evaluate, RegionsRunOnTensorsAndSeeTheDimsAround) {
  OpDef op;
  op.name = "apply_twice";
  op.min_operands = op.max_operands = 1;
  op.num_regions = 1;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> { return {c.operand(0)}; };
  op.reference = [](EvalContext& c) {
    auto once = c.run_region(0, c.inputs);
    c.outputs[0] = c.run_region(0, once).at(0);
  };
  auto body = std::make_shared<Graph>("body");
  Value a = body->add_input("a", {DType::f32, {"n"}});
  Value count = ops::cast(ops::dim_value(*body, Dim("n") + "m"), DType::f32);
  body->output(ops::add(a, count));
  Graph graph("g", {{DType::f32, {"n"}}, {DType::f32, {"m"}}});
  graph.output(graph.add(op, std::vector<Value>{graph.input(0)}, {}, {body}).at(0));
  verify(graph);
  auto out = ops::evaluate(graph, std::vector<Tensor>{floats({2}, {1, 2}), floats({3}, {0, 0, 0})});
  EXPECT_EQ(values_of(out[0]), (std::vector<double>{11, 12}));
}

TEST(Evaluate, ExpandsAnOpWithoutReference) {
  OpDef op = ops::unary_op("twice", "2x", ops::ElementTypes::floats, nullptr);
  op.reference = nullptr;
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {ops::add(in[0], in[0])};
  };
  Graph graph("g", {{DType::f32, {"n"}}});
  graph.set_location("layer.1");
  graph.output(graph.add(op, std::vector<Value>{graph.input(0)}).at(0));
  EXPECT_EQ(values_of(ops::evaluate(graph, std::vector<Tensor>{floats({2}, {1, 2})}).at(0)),
            (std::vector<double>{2, 4}));
  Graph expanded = ops::expand_node(graph, graph.nodes()[0]);
  verify(expanded);
  EXPECT_EQ(expanded.nodes()[0].op->name, "add");
  EXPECT_EQ(expanded.nodes()[0].location, "layer.1");
  op.expand = nullptr;
  EXPECT_TRUE(throws_error(ErrorCode::unsupported_op, {"twice", "layer.1"},
                           [&] { ops::evaluate(graph, std::vector<Tensor>{floats({2}, {1, 2})}); }));
}

TEST(Evaluate, AReferenceThatBreaksItsTypeIsFound) {
  OpDef op = ops::unary_op("broken", "", ops::ElementTypes::floats, nullptr);
  op.reference = [](EvalContext& c) { c.outputs[0] = Tensor::zeros(DType::f32, {99}); };
  Graph graph("g", {{DType::f32, {"n"}}});
  graph.output(graph.add(op, std::vector<Value>{graph.input(0)}).at(0));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"99", "broken"},
                           [&] { ops::evaluate(graph, std::vector<Tensor>{floats({2}, {1, 2})}); }));
}

TEST(Builders, RefuseWhatDoesNotFit) {
  Graph graph("g", {{DType::f32, {"n", 3}}, {DType::f32, {"m"}}, {DType::i64, {3}}, {DType::boolean, {3}}});
  Value f = graph.input(0);
  Value m = graph.input(1);
  Value i = graph.input(2);
  Value b = graph.input(3);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"cannot be broadcast", "[n, 3]", "[2]"},
                           [&] { ops::add(f, ops::full(graph, DType::f32, {2}, 0)); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"one dtype"}, [&] { ops::add(f, i); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"float type"}, [&] { ops::exp(i); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"condition"}, [&] { ops::where(f, f, f); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"bool"}, [&] { ops::sub(b, b); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"integer"}, [&] { ops::shift_left(f, f); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"token"}, [&] { ops::cast(f, DType::token); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"axis 2"}, [&] { ops::softmax(f, 2); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"twice"}, [&] { ops::reduce_sum(f, {1, -1}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"k is 4"}, [&] { ops::top_k(f, 4); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"\"fast\"", "tanh"}, [&] { ops::gelu(f, "fast"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"bounds"}, [&] { ops::clamp(f, std::nan(""), 1.0); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"empty"},
                           [&] { ops::arg_max(ops::full(graph, DType::f32, {0}, 1), 0); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_argument, {"empty Value"}, [&] { ops::relu({}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"n", "m"}, [&] { ops::add(m, ops::reduce_sum(f, {1})); }));
}

}  // namespace
}  // namespace accelerate::test
