// Conformance of ops: every case of src/ops/*_cases.cpp against its reference, known values and expansion.
// Usage: op_conformance [--op NAME] [--verbose]
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include "ops/evaluate.h"
#include "ops/registry.h"
#include "tests/conformance/case_table.h"
#include "tests/conformance/checks.h"

namespace accelerate::test {
namespace {

/// Ops without cases, with the reason.
const std::map<std::string, std::string> kWithoutCases = {
    {"weight", "reads a weight source, which a case has not: tests/unit/ops_evaluate_test.cpp"},
};

struct Options {
  std::string op;
  bool verbose = false;
};

struct Counts {
  int passed = 0;
  int failed = 0;
};

class Runner {
 public:
  explicit Runner(Options options) : options_(std::move(options)) {}

  Counts run() {
    for (const ops::CaseFile& file : ops::all_case_files()) {
      guarded(file.name, "cases", [&] { file.add(cases_); });
    }
    std::set<std::string> covered;
    for (const ops::OpCase& op_case : cases_.all()) {
      for (const Node& node : op_case.graph().nodes()) covered.insert(node.op->name);
      if (options_.op.empty() || options_.op == op_case.op()) run_case(op_case);
    }
    if (options_.op.empty()) check_coverage(covered);
    return counts_;
  }

 private:
  void run_case(const ops::OpCase& op_case) {
    std::string name = op_case.op() + "/" + op_case.name();
    PreparedCase prepared{&op_case, {}};
    guarded(name, "graph", [&] { check_graph(op_case); });
    bool evaluated = guarded(name, "reference", [&] {
      prepared.reference = ops::evaluate(op_case.graph(), op_case.inputs());
      check_expected(prepared);
    });
    if (!evaluated) return;
    if (ops::registry().get(op_case.op()).expand) guarded(name, "expansion", [&] { check_expansion(prepared); });
  }

  void check_coverage(const std::set<std::string>& covered) {
    for (const OpDef* op : ops::registry().all()) {
      bool exempt = kWithoutCases.contains(op->name);
      guarded(op->name, "coverage", [&] {
        if (!covered.contains(op->name) && !exempt) fail(ErrorCode::not_found, "no case holds this op: add src/ops/{}_cases.cpp", op->name);
        if (covered.contains(op->name) && exempt) fail(ErrorCode::internal, "there are cases: take it out of kWithoutCases");
      });
    }
  }

  template <typename Body>
  bool guarded(const std::string& name, const char* what, Body body) {
    try {
      body();
      ++counts_.passed;
      if (options_.verbose) std::printf("ok   %s %s\n", name.c_str(), what);
      return true;
    } catch (const std::exception& error) {
      ++counts_.failed;
      std::printf("FAIL %s %s: %s\n", name.c_str(), what, error.what());
      return false;
    }
  }

  Options options_;
  Counts counts_;
  ops::OpCases cases_;
};

}  // namespace
}  // namespace accelerate::test

int main(int argc, char** argv) {
  accelerate::test::Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--op") == 0 && i + 1 < argc) {
      options.op = argv[++i];
    } else if (std::strcmp(argv[i], "--verbose") == 0) {
      options.verbose = true;
    } else {
      std::fprintf(stderr, "usage: op_conformance [--op NAME] [--verbose]\n");
      return 2;
    }
  }
  auto counts = accelerate::test::Runner(options).run();
  std::printf("%d passed, %d failed\n", counts.passed, counts.failed);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}
