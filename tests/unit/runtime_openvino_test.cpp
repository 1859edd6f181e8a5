// The real OpenVINO through the session, where there is one (found as detect() does); else skipped with the reason.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/runtime_support.h"

namespace accelerate {
namespace {

using test::max_difference;
using test::random_tensor;
using test::SmallEncoder;

SessionOptions on(const char* device, bool strict = false) {
  SessionOptions options;
  options.device = device;
  options.dtype = "f32";
  options.strict = strict;
  return options;
}

class OnOpenvino : public testing::Test {
 protected:
  void SetUp() override {
    InferenceSession session(on("openvino"));
    if (!session.fallback_reason().empty()) GTEST_SKIP() << session.fallback_reason();
  }
};

TEST_F(OnOpenvino, TheFirstExample) {
  Graph graph("example", {TensorType(DType::f32, {2, 2}), TensorType(DType::f32, {2, 2})});
  graph.output(ops::matmul(graph.input(0), graph.input(1)));
  Model model = InferenceSession(on("openvino", true)).load(graph);
  Tensor out = model
                   .execute({Tensor::from(DType::f32, {2, 2}, std::vector<float>{1, 2, 3, 4}),
                             Tensor::from(DType::f32, {2, 2}, std::vector<float>{5, 6, 7, 8})})
                   .front();
  EXPECT_EQ(model.report().backend, "openvino");
  EXPECT_EQ(out.get(0), 19);
  EXPECT_EQ(out.get(1), 22);
  EXPECT_EQ(out.get(2), 43);
  EXPECT_EQ(out.get(3), 50);
}

TEST_F(OnOpenvino, OneCompiledModelServesAllExtents) {
  SmallEncoder encoder;
  Model model = InferenceSession(on("openvino", true)).load(encoder.graph, encoder.weights);
  Model expected = InferenceSession(on("reference")).load(encoder.graph, encoder.weights);
  ASSERT_EQ(model.report().regions.size(), 1U);
  EXPECT_EQ(model.report().flops_share, 1);
  EXPECT_EQ(model.report().transfers, 0);
  for (auto [batch, sequence] : {std::pair<int64_t, int64_t>{1, 5}, {3, 1}, {2, 17}, {1, 5}}) {
    auto inputs = encoder.inputs(batch, sequence);
    EXPECT_LT(max_difference(model.execute(inputs).front(), expected.execute(inputs).front()), 2e-5)
        << batch << " x " << sequence;
  }
}

TEST_F(OnOpenvino, DevicesHaveTheEnginesNames) {
  SmallEncoder encoder;
  EXPECT_EQ(InferenceSession(on("openvino:CPU", true)).device(), "CPU");
  EXPECT_THROW(InferenceSession(on("openvino:NOTHING", true)), Error);
  InferenceSession other(on("openvino:NOTHING"));
  EXPECT_NE(other.fallback_reason().find("it has CPU"), std::string::npos) << other.fallback_reason();
}

TEST_F(OnOpenvino, WhatItLacksRunsElsewhereWithTheReason) {
  Graph graph("mixed", {TensorType(DType::f32, {"n", 8})});
  Value x = ops::mul(graph.input(0), ops::constant(graph, Tensor::scalar(DType::f32, 2)));
  Value order = ops::sort(ops::matmul(x, ops::transpose(x, {1, 0})), -1)[0];
  graph.output(ops::mul(order, order));
  Model model = InferenceSession(on("openvino")).load(graph);
  Tensor in = random_tensor({4, 8}, 1);
  Tensor expected = InferenceSession(on("reference")).load(graph).execute({in}).front();
  EXPECT_LT(max_difference(model.execute({in}).front(), expected), 1e-3);
  bool sort_elsewhere = false;
  for (const PlacementReport& entry : model.report().placement)
    sort_elsewhere = sort_elsewhere || (entry.op == "sort" && entry.backend != "openvino" &&
                                        entry.reason.find("no form in OpenVINO") != std::string::npos);
  EXPECT_TRUE(sort_elsewhere);
  EXPECT_LT(model.report().flops_share, 1);
  EXPECT_THROW(InferenceSession(on("openvino", true)).load(graph), Error);
}

TEST_F(OnOpenvino, AnIndexOutsideTheTableIsAnError) {
  Graph graph("rows", {TensorType(DType::i64, {"n"})});
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("table", random_tensor({10, 4}, 1));
  graph.output(ops::embedding(ops::weight(graph, "table", TensorType(DType::f32, {10, 4})), graph.input(0)));
  Model model = InferenceSession(on("openvino", true)).load(graph, weights);
  EXPECT_EQ(model.execute({Tensor::from(DType::i64, {2}, std::vector<int64_t>{0, 9})}).front().num_elements(), 8);
  EXPECT_THROW(model.execute({Tensor::from(DType::i64, {1}, std::vector<int64_t>{10})}), Error);
  EXPECT_THROW(model.execute({Tensor::from(DType::i64, {1}, std::vector<int64_t>{-1})}), Error);
}

TEST_F(OnOpenvino, AnIntegerThatTheEngineCannotHoldIsAnError) {
  Graph graph("wide", {TensorType(DType::i64, {"n"})});
  graph.output(ops::greater(graph.input(0), ops::constant(graph, Tensor::scalar(DType::i64, 5))));
  Model model = InferenceSession(on("openvino", true)).load(graph);
  EXPECT_EQ(model.execute({Tensor::from(DType::i64, {2}, std::vector<int64_t>{5, 6})}).front().get_int(1), 1);
  EXPECT_THROW(model.execute({Tensor::from(DType::i64, {1}, std::vector<int64_t>{int64_t{1} << 40})}), Error);
}

TEST_F(OnOpenvino, LargeIntegersOf32BitsAreExact) {
  Graph graph("integers", {TensorType(DType::i32, {"n"}), TensorType(DType::i32, {"n"})});
  graph.output(ops::add(graph.input(0), graph.input(1)));
  graph.output(ops::sub(graph.input(0), graph.input(1)));
  graph.output(ops::mul(graph.input(0), graph.input(1)));
  graph.output(ops::neg(graph.input(0)));
  graph.output(ops::maximum(graph.input(0), graph.input(1)));
  std::vector<int64_t> a = {16777217, -16777219, 2147483647, 46341, 0};
  std::vector<int64_t> b = {16777219, 33554433, 1, 46341, -2147483647};
  std::vector<Tensor> inputs = {Tensor::from(DType::i32, {5}, a), Tensor::from(DType::i32, {5}, b)};
  auto out = InferenceSession(on("openvino", true)).load(graph).execute(inputs);
  auto expected = InferenceSession(on("reference")).load(graph).execute(inputs);
  for (size_t o = 0; o < out.size(); ++o)
    for (int64_t i = 0; i < 5; ++i)
      EXPECT_EQ(out[o].get_int(i), expected[o].get_int(i)) << "output " << o << " at " << i;
}

TEST_F(OnOpenvino, NaNStays) {
  Graph graph("nan", {TensorType(DType::f32, {"n"}), TensorType(DType::f32, {"n"})});
  graph.output(ops::maximum(graph.input(0), graph.input(1)));
  graph.output(ops::minimum(graph.input(0), graph.input(1)));
  graph.output(ops::relu(graph.input(0)));
  graph.output(ops::clamp(graph.input(0), -1, 1));
  graph.output(ops::reduce_max(graph.input(0), {0}));
  float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor a = Tensor::from(DType::f32, {3}, std::vector<float>{nan, 1, 2});
  Tensor b = Tensor::from(DType::f32, {3}, std::vector<float>{0, nan, -2});
  auto out = InferenceSession(on("openvino", true)).load(graph).execute({a, b});
  for (size_t o : {0U, 1U})
    for (int64_t i : {0, 1}) EXPECT_TRUE(std::isnan(out[o].get(i))) << o << " at " << i;
  EXPECT_EQ(out[0].get(2), 2);
  for (size_t o : {2U, 3U, 4U}) EXPECT_TRUE(std::isnan(out[o].get(0))) << o;
}

}  // namespace
}  // namespace accelerate
