#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "accelerate/ops.h"
#include "ops/evaluate.h"
#include "ops/support.h"
#include "passes/pass.h"

namespace accelerate::passes_test {

inline int count(const Graph& graph, std::string_view op) {
  int out = 0;
  for (const Node& node : graph.nodes()) out += node.op->name == op ? 1 : 0;
  return out;
}

inline const Node& only(const Graph& graph, std::string_view op) {
  const Node* found = nullptr;
  for (const Node& node : graph.nodes())
    if (node.op->name == op) found = &node;
  if (found == nullptr || count(graph, op) != 1)
    throw std::runtime_error("not exactly one " + std::string(op) + " in\n" + print(graph));
  return *found;
}

inline void fill(Tensor& tensor, std::mt19937& random, double low, double high) {
  std::uniform_real_distribution<double> real(low, high);
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    if (tensor.dtype() == DType::boolean) {
      tensor.set_int(i, static_cast<int64_t>(random() % 2));
    } else if (is_integer(tensor.dtype())) {
      tensor.set_int(i, static_cast<int64_t>(random() % 3));
    } else {
      tensor.set(i, real(random));
    }
  }
}

/// Random weights for every weight node; names that hold "var" are positive.
inline void add_weights(const Graph& graph, MemoryWeights& weights) {
  std::mt19937 random(7);
  for (const Node& node : graph.nodes()) {
    if (node.op->name != "weight" || weights.find(node.attrs.string("name"))) continue;
    Tensor tensor(node.attrs.dtype("dtype"), *static_extents(node.attrs.dims("shape")));
    bool positive = node.attrs.string("name").find("var") != std::string::npos;
    fill(tensor, random, positive ? 0.5 : -1, positive ? 1.5 : 1);
    weights.add(node.attrs.string("name"), tensor);
  }
}

/// Evaluates both graphs on random inputs for the extents given to the symbols, and compares all outputs.
inline void expect_same(const Graph& before, const Graph& after, const DimBindings& dims, double tolerance = 1e-5) {
  verify(after);
  MemoryWeights weights;
  add_weights(before, weights);
  std::mt19937 random(11);
  std::vector<Tensor> inputs;
  for (ValueId id : before.inputs()) {
    Tensor tensor(before.type_of(id).dtype, evaluate(before.type_of(id).shape, dims));
    fill(tensor, random, -2, 2);
    inputs.push_back(tensor);
  }
  auto expected = ops::evaluate(before, inputs, &weights);
  auto found = ops::evaluate(after, inputs, &weights);
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(expected[i].dtype(), found[i].dtype());
    ASSERT_EQ(expected[i].shape(), found[i].shape());
    EXPECT_EQ(before.outputs()[i].name, after.outputs()[i].name);
    double largest = 0;
    for (int64_t k = 0; k < expected[i].num_elements(); ++k) largest = std::max(largest, std::abs(expected[i].get(k)));
    for (int64_t k = 0; k < expected[i].num_elements(); ++k) {
      double a = expected[i].get(k);
      double b = found[i].get(k);
      ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance * std::max(1.0, largest))
          << "output " << i << " element " << k << ": " << a << " before, " << b << " after\n"
          << print(after);
    }
  }
}

/// Runs one pass and checks that the numbers stay.
inline Graph rewritten(std::string_view pass, const Graph& graph,
                       const DimBindings& dims = {{"b", 2}, {"t", 3}, {"s", 3}, {"n", 4}, {"h", 6}, {"w", 7}},
                       double tolerance = 1e-5) {
  Graph out = run_pass(pass, graph);
  expect_same(graph, out, dims, tolerance);
  return out;
}

/// Runs one pass that must find nothing to do.
inline void expect_unchanged(std::string_view pass, const Graph& graph) {
  EXPECT_EQ(print(run_pass(pass, graph)), print(graph));
}

inline Value weight(Graph& graph, std::string name, Shape shape, DType dtype = DType::f32) {
  return ops::weight(graph, std::move(name), TensorType(dtype, std::move(shape)));
}

inline TensorType f32(Shape shape) {
  return {DType::f32, std::move(shape)};
}

}  // namespace accelerate::passes_test
