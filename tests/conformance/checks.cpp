#include "tests/conformance/checks.h"

#include <algorithm>

#include "ops/evaluate.h"
#include "ops/registry.h"
#include "tests/conformance/compare.h"

namespace accelerate::test {

Numerics numerics_of(const Graph& graph) {
  Numerics out = Numerics::exact;
  for (const Node& node : graph.nodes()) out = std::max(out, node.op->numerics);
  return out;
}

void check_graph(const ops::OpCase& op_case) {
  const Graph& graph = op_case.graph();
  if (graph.outputs().empty()) fail(ErrorCode::invalid_graph, "the case builds no result");
  bool holds_op = std::any_of(graph.nodes().begin(), graph.nodes().end(),
                              [&](const Node& n) { return n.op->name == op_case.op(); });
  if (!holds_op) fail(ErrorCode::invalid_graph, "the graph of the case does not hold the op {}", op_case.op());
  verify(graph);
  std::string text = print(graph);
  std::string again = print(parse_graph(text, ops::registry()));
  if (again != text)
    fail(ErrorCode::invalid_graph, "the text changes when it is parsed and printed again:\n{}\nbecomes\n{}", text,
         again);
}

void check_expected(const PreparedCase& prepared) {
  const auto& expected = prepared.op_case->expected();
  if (expected.size() > prepared.reference.size())
    fail(ErrorCode::invalid_argument, "{} results are expected of {}", expected.size(), prepared.reference.size());
  for (size_t r = 0; r < expected.size(); ++r) {
    const Tensor& actual = prepared.reference[r];
    if (static_cast<int64_t>(expected[r].size()) != actual.num_elements())
      fail(ErrorCode::invalid_argument, "result {} is {}; {} values are expected", r, actual.type().to_string(),
           expected[r].size());
    Tensor known = Tensor::from(actual.dtype(), actual.shape(), expected[r]);
    // Known values come with the rounding of the dtype that computed them.
    Tolerance tolerance{numerics_of(prepared.op_case->graph()), prepared.op_case->reduction_length(),
                        prepared.op_case->tolerance_factor()};
    if (auto wrong = difference(actual, known, tolerance))
      fail(ErrorCode::internal, "reference, result {}: {}", r, *wrong);
  }
}

bool check_expansion(const PreparedCase& prepared) {
  const ops::OpCase& op_case = *prepared.op_case;
  const Graph& graph = op_case.graph();
  Patch patch(graph);
  int expanded = 0;
  for (const Node& node : graph.nodes()) {
    if (node.op->name != op_case.op() || !node.op->expand) continue;
    std::vector<Value> operands;
    for (ValueId id : node.operands) operands.push_back(patch.value(id));
    auto results = node.op->expand(patch, node, operands);
    if (results.size() != node.results.size())
      fail(ErrorCode::internal, "the expansion gives {} results; expected {}", results.size(), node.results.size());
    for (size_t r = 0; r < results.size(); ++r) patch.replace(node.results[r], results[r]);
    ++expanded;
  }
  if (expanded == 0) return false;
  Graph replaced = patch.apply();
  verify(replaced);
  bool remains = std::any_of(replaced.nodes().begin(), replaced.nodes().end(),
                             [&](const Node& n) { return n.op->name == op_case.op(); });
  if (remains) fail(ErrorCode::internal, "the expansion holds the op itself");
  auto results = ops::evaluate(replaced, op_case.inputs());
  // An expansion rounds after each of its steps.
  Tolerance tolerance{numerics_of(graph), op_case.reduction_length(), 4 * op_case.tolerance_factor()};
  for (size_t r = 0; r < results.size(); ++r)
    if (auto wrong = difference(results[r], prepared.reference[r], tolerance))
      fail(ErrorCode::internal, "expansion, result {}: {}", r, *wrong);
  return true;
}

}  // namespace accelerate::test
