#pragma once
// Test cases of an op live beside it, in NAME_cases.cpp: `void cases_NAME(OpCases&)`. The conformance suite runs
// each on every backend against the reference, and checks the reference against expect() where given.
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate::ops {

class OpCase {
 public:
  OpCase(std::string op, std::string name) : op_(std::move(op)), name_(std::move(name)) {}

  /// An input of the declared type (symbols allowed) with concrete extents, uniform in [low, high] from a fixed seed
  /// (integers: inclusive; bool: both values).
  OpCase& input(DType dtype, Shape declared, std::vector<int64_t> extents, double low = -2, double high = 2);
  /// An input with given values.
  OpCase& values(DType dtype, std::vector<int64_t> extents, std::vector<double> values);
  /// Builds the graph from the inputs; one or several results.
  OpCase& graph(const std::function<Value(std::vector<Value>)>& build);
  OpCase& graph_multi(const std::function<std::vector<Value>(std::vector<Value>)>& build);
  /// Known values of result i (in the order of calls), from a source other than our reference.
  OpCase& expect(std::vector<double> values);
  /// Number of terms in the longest sum, for the tolerance of accumulating ops.
  OpCase& reduction(int64_t length);
  /// Factor on the tolerance where the op amplifies rounding, with the reason at the call.
  OpCase& loosen(double factor);

  const std::string& op() const { return op_; }
  const std::string& name() const { return name_; }
  const Graph& graph() const { return graph_; }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  const std::vector<std::vector<double>>& expected() const { return expected_; }
  int64_t reduction_length() const { return reduction_length_; }
  double tolerance_factor() const { return tolerance_factor_; }

 private:
  std::string op_;
  std::string name_;
  Graph graph_;
  std::vector<Tensor> inputs_;
  std::vector<std::vector<double>> expected_;
  int64_t reduction_length_ = 1;
  double tolerance_factor_ = 1;
};

class OpCases {
 public:
  OpCase& add(std::string op, std::string name) { return cases_.emplace_back(std::move(op), std::move(name)); }
  const std::deque<OpCase>& all() const { return cases_; }

 private:
  std::deque<OpCase> cases_;  // stable addresses
};

}  // namespace accelerate::ops
