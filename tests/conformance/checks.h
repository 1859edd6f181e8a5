#pragma once
#include <string>
#include <vector>

#include "backend/backend.h"
#include "ops/op_case.h"
#include "runtime/session.h"

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

/// The session's device gives the results of the reference. Exact ops: equal. Returns whether the op of the case ran on
/// the session's backend, without being expanded or placed elsewhere.
bool check_device(const PreparedCase& prepared, InferenceSession& session);

/// Ops that the backend has no kernel for, leaving out those that the runtime serves itself (weights, constants,
/// views).
std::vector<std::string> lacking_ops(const Backend& backend);
/// The text of known_gaps.txt: one op a line, '#' begins a comment. Errors: invalid_argument if it does not name
/// exactly the ops that the backend lacks.
void check_known_gaps(const Backend& backend, const std::string& text);

/// `op_conformance --regions BACKEND ...`: the cases on a backend that takes regions. Returns the exit code.
int run_regions(int argc, char** argv);

/// The least exact class of the nodes of the graph.
Numerics numerics_of(const Graph& graph);

}  // namespace accelerate::test
