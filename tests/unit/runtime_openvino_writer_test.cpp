#include <gtest/gtest.h>

#include <regex>

#include "accelerate/ops.h"
#include "backends/openvino/ir/ops.h"
#include "backends/openvino/ir/writer.h"

namespace accelerate::openvino_engine {
namespace {

size_t count(const std::string& text, const std::string& what) {
  size_t out = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++out;
  return out;
}

TEST(OpenvinoWriter, WeightsStayWhereTheyAre) {
  MemoryWeights weights;
  Tensor w = Tensor::zeros(DType::f32, {3, 4});
  weights.add("layer.weight", w);
  Graph graph("secret_name", {TensorType(DType::f32, {"batch", 4})});
  graph.output(ops::linear(graph.input(0), ops::weight(graph, "layer.weight", TensorType(DType::f32, {3, 4}))));
  IrText text = write_ir(graph, weights);
  EXPECT_NE(text.text.find("shape=\"?,4\" element_type=\"f32\""), std::string::npos) << text.text;
  EXPECT_NE(text.text.find("type=\"MatMul\""), std::string::npos);
  EXPECT_EQ(text.text.find("secret_name"), std::string::npos);
  EXPECT_EQ(text.text.find("layer.weight"), std::string::npos);
  ASSERT_EQ(text.memory.tensors.size(), 1U);
  EXPECT_EQ(text.memory.base, static_cast<const char*>(w.data()));
  EXPECT_EQ(text.memory.span, 48U);
  EXPECT_TRUE(text.dims.empty());
}

TEST(OpenvinoWriter, ExtentsThatFollowNeedNoInput) {
  Graph graph("g", {TensorType(DType::f32, {"batch", "sequence", 12})});
  graph.output(ops::reshape(graph.input(0), {"batch", "sequence", 3, 4}));
  IrText text = write_ir(graph, MemoryWeights());
  EXPECT_TRUE(text.dims.empty());
  EXPECT_NE(text.text.find("special_zero=\"true\""), std::string::npos);
}

TEST(OpenvinoWriter, OtherExtentsComeWithTheCall) {
  Graph graph("g", {TensorType(DType::f32, {"n"})});
  graph.output(ops::expand(graph.input(0), {Dim("m") * Dim(2), "n"}));
  graph.output(ops::iota(graph, DType::i64, Dim("m") * Dim(2)));
  IrText text = write_ir(graph, MemoryWeights());
  ASSERT_EQ(text.dims.size(), 2U);
  EXPECT_EQ(text.dims[0].to_string(), "2*m");
  EXPECT_EQ(count(text.text, "type=\"Parameter\""), 2U);
}

TEST(OpenvinoWriter, EqualGraphsOfOtherNamesGiveTheSameTextButForPlacesInMemory) {
  auto make = [](const char* symbol, const char* name) {
    Graph graph(name, {TensorType(DType::f32, {symbol, 2})});
    graph.output(ops::softmax(graph.input(0)));
    return std::regex_replace(write_ir(graph, MemoryWeights()).text, std::regex("offset=\"[0-9]+\""), "offset");
  };
  EXPECT_EQ(make("a", "x"), make("b", "y"));
}

TEST(OpenvinoWriter, WhatDependsOnTheWidthOfIntegersIsLeftOut) {
  Graph graph("g", {TensorType(DType::i64, {"n"}), TensorType(DType::i32, {"n"})});
  Value wide = ops::add(graph.input(0), graph.input(0));
  Value narrow = ops::add(graph.input(1), graph.input(1));
  auto why = why_not(graph, *graph.producer(wide.id));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("32-bit integers"), std::string::npos) << *why;
  EXPECT_FALSE(why_not(graph, *graph.producer(narrow.id)));
  graph.output(wide);
  EXPECT_THROW(write_ir(graph, MemoryWeights()), Error);
}

}  // namespace
}  // namespace accelerate::openvino_engine
