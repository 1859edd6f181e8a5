#include <gtest/gtest.h>

#include <algorithm>

#include "accelerate/ops.h"
#include "base/error.h"
#include "codegen/lower.h"

namespace accelerate::codegen {
namespace {

TEST(LoopKernels, ANormalisationWithItsNeighboursIsOneKernel) {
  Graph graph("norm", {TensorType(DType::f32, {"n", 48}), TensorType(DType::f32, {48}), TensorType(DType::f32, {48})});
  Value x = ops::gelu(graph.input(0));
  graph.output(ops::relu(ops::layer_norm(x, graph.input(1), graph.input(2), 1e-5)));
  LoopProgram program = lower(graph);
  ASSERT_EQ(program.kernels.size(), 1U);
  const LoopKernel& kernel = program.kernels[0];
  EXPECT_EQ(kernel.space, (Shape{"n", 48}));
  EXPECT_EQ(kernel.buffers.size(), 4U);
  EXPECT_TRUE(kernel.reduces());
  EXPECT_EQ(passes_of(kernel).size(), 3U);  // the mean, the variance, the result
}

TEST(LoopKernels, SoftmaxComputesItsExponentialsOnce) {
  Graph graph("softmax", {TensorType(DType::f32, {"n", "m"})});
  graph.output(ops::softmax(graph.input(0)));
  LoopProgram program = lower(graph);
  ASSERT_EQ(program.kernels.size(), 1U);
  const LoopKernel& kernel = program.kernels[0];
  int exponentials = 0;
  for (const LoopPass& pass : passes_of(kernel))
    for (int v : pass.elements) exponentials += kernel.values[static_cast<size_t>(v)].op == LoopOp::exp ? 1 : 0;
  EXPECT_EQ(exponentials, 1);
}

TEST(LoopKernels, KernelsStayWithinTheBuffersOfAStage) {
  std::vector<TensorType> types(20, TensorType(DType::f32, {"n"}));
  Graph graph("sum", types);
  Value sum = graph.input(0);
  for (size_t i = 1; i < types.size(); ++i) sum = ops::add(sum, graph.input(i));
  graph.output(sum);
  LoopProgram program = lower(graph);
  EXPECT_GE(program.kernels.size(), 3U);
  for (const LoopKernel& kernel : program.kernels) EXPECT_LE(kernel.buffers.size(), LoopKernel::kMaxBuffers);
}

TEST(LoopKernels, AnotherShapeIsAnotherKernel) {
  Graph graph("two", {TensorType(DType::f32, {"n", 6})});
  Value x = ops::exp(graph.input(0));
  Value y = ops::exp(ops::reshape(x, {"n", 2, 3}));
  graph.output(ops::reduce_sum(y, {-1}));
  LoopProgram program = lower(graph);
  ASSERT_EQ(program.kernels.size(), 2U);
  EXPECT_EQ(program.kernels[1].space, (Shape{"n", 2, 3}));
  EXPECT_TRUE(program.kernels[1].buffers.back().row);
}

TEST(LoopKernels, WhatHasNoFormSaysWhy) {
  Graph graph("none", {TensorType(DType::f32, {"n", 8}), TensorType(DType::f16, {"n"})});
  Value product = ops::matmul(graph.input(0), ops::transpose(graph.input(0), {1, 0}));
  Value columns = ops::reduce_sum(graph.input(0), {0});
  Value half = ops::exp(graph.input(1));
  for (Value v : {product, columns, half}) graph.output(v);
  EXPECT_NE(why_no_loops(graph, *graph.producer(product.id)).value_or("").find("matmul"), std::string::npos);
  EXPECT_NE(why_no_loops(graph, *graph.producer(columns.id)).value_or("").find("last"), std::string::npos);
  EXPECT_NE(why_no_loops(graph, *graph.producer(half.id)).value_or("").find("f16"), std::string::npos);
  EXPECT_THROW(lower(graph), Error);
}

}  // namespace
}  // namespace accelerate::codegen
