// The real MAX through the session, where there is one (found as detect() does); else skipped with the reason.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/runtime_support.h"

namespace accelerate {
namespace {

using test::max_difference;
using test::random_tensor;
using test::SmallEncoder;

class OnMax : public testing::Test {
 protected:
  void SetUp() override {
    SessionOptions options;
    options.device = "max";
    InferenceSession session(options);
    if (!session.fallback_reason().empty()) GTEST_SKIP() << session.fallback_reason();
  }
};

/// The product of the first example: [[1,2],[3,4]] by [[5,6],[7,8]].
std::vector<double> product_of_example(InferenceSession& session) {
  Graph graph("example", {TensorType(DType::f32, {2, 2}), TensorType(DType::f32, {2, 2})});
  graph.output(ops::matmul(graph.input(0), graph.input(1)));
  Model model = session.load(graph);
  Tensor out = model
                   .execute({Tensor::from(DType::f32, {2, 2}, std::vector<float>{1, 2, 3, 4}),
                             Tensor::from(DType::f32, {2, 2}, std::vector<float>{5, 6, 7, 8})})
                   .front();
  std::vector<double> values;
  for (int64_t i = 0; i < out.num_elements(); ++i) values.push_back(out.get(i));
  return values;
}

TEST_F(OnMax, TheFirstExampleInBothModes) {
  unsetenv("USE_MOJO_MAX_TARGET");
  unsetenv("ACCELERATE_DEVICE");
  InferenceSession plain;
  EXPECT_NE(plain.backend(), "max");
  EXPECT_EQ(product_of_example(plain), (std::vector<double>{19, 22, 43, 50}));
  setenv("USE_MOJO_MAX_TARGET", "1", 1);
  InferenceSession target;
  EXPECT_EQ(target.backend(), "max") << target.fallback_reason();
  EXPECT_EQ(product_of_example(target), (std::vector<double>{19, 22, 43, 50}));
  unsetenv("USE_MOJO_MAX_TARGET");
}

TEST_F(OnMax, OneCompiledGraphServesAllExtents) {
  SmallEncoder encoder;
  SessionOptions on_max;
  on_max.device = "max";
  on_max.strict = true;
  on_max.dtype = "f32";
  SessionOptions on_reference;
  on_reference.device = "reference";
  Model model = InferenceSession(on_max).load(encoder.graph, encoder.weights);
  Model expected = InferenceSession(on_reference).load(encoder.graph, encoder.weights);
  ASSERT_EQ(model.report().regions.size(), 1U);
  EXPECT_EQ(model.report().flops_share, 1);
  EXPECT_EQ(model.report().transfers, 0);
  for (auto [batch, sequence] : {std::pair<int64_t, int64_t>{1, 5}, {3, 1}, {2, 17}}) {
    auto inputs = encoder.inputs(batch, sequence);
    EXPECT_LT(max_difference(model.execute(inputs).front(), expected.execute(inputs).front()), 2e-5)
        << batch << " x " << sequence;
  }
}

TEST_F(OnMax, WhatMaxLacksRunsElsewhereWithTheReason) {
  Graph graph("mixed", {TensorType(DType::f32, {"n", 8})});
  Value x = ops::mul(graph.input(0), ops::constant(graph, Tensor::scalar(DType::f32, 2)));
  Value order = ops::sort(ops::matmul(x, ops::transpose(x, {1, 0})), -1)[0];
  graph.output(ops::mul(order, order));
  SessionOptions options;
  options.device = "max";
  Model model = InferenceSession(options).load(graph);
  Tensor in = random_tensor({4, 8}, 1);
  SessionOptions reference;
  reference.device = "reference";
  Tensor expected = InferenceSession(reference).load(graph).execute({in}).front();
  EXPECT_LT(max_difference(model.execute({in}).front(), expected), 1e-3);
  bool sort_elsewhere = false;
  for (const PlacementReport& entry : model.report().placement)
    sort_elsewhere = sort_elsewhere || (entry.op == "sort" && entry.backend != "max" &&
                                        entry.reason.find("no form in MAX") != std::string::npos);
  EXPECT_TRUE(sort_elsewhere);
  EXPECT_LT(model.report().flops_share, 1);
  options.strict = true;
  EXPECT_THROW(InferenceSession(options).load(graph), Error);
}

TEST_F(OnMax, AnIndexOutsideTheTableIsAnError) {
  Graph graph("rows", {TensorType(DType::i64, {"n"})});
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("table", random_tensor({10, 4}, 1));
  Value table = ops::weight(graph, "table", TensorType(DType::f32, {10, 4}));
  graph.output(ops::embedding(table, graph.input(0)));
  SessionOptions options;
  options.device = "max";
  options.strict = true;
  Model model = InferenceSession(options).load(graph, weights);
  EXPECT_EQ(model.execute({Tensor::from(DType::i64, {2}, std::vector<int64_t>{0, 9})}).front().num_elements(), 8);
  EXPECT_THROW(model.execute({Tensor::from(DType::i64, {1}, std::vector<int64_t>{10})}), Error);
  EXPECT_THROW(model.execute({Tensor::from(DType::i64, {1}, std::vector<int64_t>{-1})}), Error);
}

}  // namespace
}  // namespace accelerate
