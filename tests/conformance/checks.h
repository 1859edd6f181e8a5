#pragma once
#include <string>
#include <vector>

#include "ops/op_case.h"

namespace accelerate::test {

/// A case with the results of the references, computed once.
struct PreparedCase {
  const ops::OpCase* op_case = nullptr;
  std::vector<Tensor> reference;
};

// Each check throws Error with what is wrong.

/// The graph verifies, holds the op it is named for, and is the same after print and parse.
void check_graph(const ops::OpCase& op_case);
/// The reference gives the known values.
void check_expected(const PreparedCase& prepared);
/// The graph with the op replaced by its expansion verifies and gives the same results. False if there is no expansion.
bool check_expansion(const PreparedCase& prepared);

/// The least exact class of the nodes of the graph.
Numerics numerics_of(const Graph& graph);

}  // namespace accelerate::test
