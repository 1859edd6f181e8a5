// Conformance of ops: every case of src/ops/*_cases.cpp. Without a device: references against known values, and
// expansions against references. With one: the device against references.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/cpu_features.h"
#include "ops/evaluate.h"
#include "ops/registry.h"
#include "tests/conformance/case_table.h"
#include "tests/conformance/checks.h"

namespace accelerate::test {
namespace {

constexpr int kSkipped = 77;

/// Ops without cases, with the reason.
const std::map<std::string, std::string> kWithoutCases = {
    {"weight", "reads a weight source, which a case has not: tests/unit/ops_evaluate_test.cpp"},
    {"state_token", "states live in a session: they have no reference"},
    {"state_read", "states live in a session: they have no reference"},
    {"state_write", "states live in a session: they have no reference"},
};

struct Options {
  std::string op;
  std::string device;
  std::string gaps_file;
  bool verbose = false;
};

class Runner {
 public:
  explicit Runner(Options options) : options_(std::move(options)) {}

  int run() {
    if (!options_.device.empty() && !open_device()) return kSkipped;
    for (const ops::CaseFile& file : ops::all_case_files()) guarded(file.name, "cases", [&] { file.add(cases_); });
    passed_ = 0;  // checks are counted, not files
    std::set<std::string> covered;
    for (const ops::OpCase& op_case : cases_.all()) {
      for (const Node& node : op_case.graph().nodes()) covered.insert(node.op->name);
      if (options_.op.empty() || options_.op == op_case.op()) run_case(op_case);
    }
    if (options_.op.empty() && !session_) check_coverage(covered);
    if (!options_.gaps_file.empty()) guarded(options_.device, "known gaps", [&] { check_gaps(); });
    if (session_) std::printf("%s: %zu ops of cases ran on it\n", session_->backend().c_str(), on_device_.size());
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  /// False if this machine lacks the device or the instruction set that was asked for.
  bool open_device() {
    if (const char* isa = std::getenv("ACCELERATE_ISA")) {
      bool known = false;
      for (Isa supported : supported_isas()) known = known || name_of(supported) == isa;
      if (!known) {
        std::printf("skipped: this CPU lacks %s\n", isa);
        return false;
      }
    }
    SessionOptions options;
    options.device = options_.device;
    options.dtype = "f32";
    // Nodes that the device lacks may run elsewhere; the device itself must be the one asked for.
    session_ = std::make_unique<InferenceSession>(options);
    if (session_->fallback_reason().empty()) return true;
    std::printf("skipped: %s\n", session_->fallback_reason().c_str());
    return false;
  }

  void run_case(const ops::OpCase& op_case) {
    std::string name = op_case.op() + "/" + op_case.name();
    PreparedCase prepared{&op_case, {}};
    bool device = session_ != nullptr;
    if (!device) guarded(name, "graph", [&] { check_graph(op_case); });
    auto evaluate = [&] { prepared.reference = ops::evaluate(op_case.graph(), op_case.inputs()); };
    if (device) {
      guarded(name, options_.device, [&] {
        evaluate();
        if (check_device(prepared, *session_)) on_device_.insert(op_case.op());
      });
      return;
    }
    bool evaluated = guarded(name, "reference", [&] {
      evaluate();
      check_expected(prepared);
    });
    if (evaluated && ops::registry().get(op_case.op()).expand)
      guarded(name, "expansion", [&] { check_expansion(prepared); });
  }

  void check_coverage(const std::set<std::string>& covered) {
    for (const OpDef* op : ops::registry().all()) {
      bool exempt = kWithoutCases.contains(op->name);
      guarded(op->name, "coverage", [&] {
        if (!covered.contains(op->name) && !exempt)
          fail(ErrorCode::not_found, "no case holds this op: add src/ops/{}_cases.cpp", op->name);
        if (covered.contains(op->name) && exempt)
          fail(ErrorCode::internal, "there are cases: take it out of kWithoutCases");
      });
    }
  }

  void check_gaps() {
    std::ifstream file(options_.gaps_file);
    std::ostringstream text;
    text << file.rdbuf();  // no file: nothing is lacking
    for (const auto& backend : make_all_backends())
      if (backend->name() == session_->backend()) check_known_gaps(*backend, text.str());
  }

  template <typename Body>
  bool guarded(const std::string& name, const std::string& what, Body body) {
    try {
      body();
      ++passed_;
      if (options_.verbose) std::printf("ok   %s %s\n", name.c_str(), what.c_str());
      return true;
    } catch (const std::exception& error) {
      ++failed_;
      std::printf("FAIL %s %s: %s\n", name.c_str(), what.c_str(), error.what());
      return false;
    }
  }

  Options options_;
  int passed_ = 0;
  int failed_ = 0;
  ops::OpCases cases_;
  std::unique_ptr<InferenceSession> session_;
  std::set<std::string> on_device_;
};

int print_gaps(const std::string& name) {
  for (const auto& backend : make_all_backends()) {
    if (backend->name() != name) continue;
    std::printf("# Ops without a kernel in this backend: they are expanded into simpler ops or placed elsewhere.\n");
    for (const std::string& op : lacking_ops(*backend)) std::printf("%s\n", op.c_str());
    return 0;
  }
  std::fprintf(stderr, "this build has no backend %s\n", name.c_str());
  return 2;
}

}  // namespace
}  // namespace accelerate::test

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--regions") == 0) return accelerate::test::run_regions(argc, argv);
  accelerate::test::Options options;
  for (int i = 1; i < argc; ++i) {
    bool value = i + 1 < argc;
    if (std::strcmp(argv[i], "--op") == 0 && value) {
      options.op = argv[++i];
    } else if (std::strcmp(argv[i], "--device") == 0 && value) {
      options.device = argv[++i];
    } else if (std::strcmp(argv[i], "--gaps") == 0 && value) {
      options.gaps_file = argv[++i];
    } else if (std::strcmp(argv[i], "--print-gaps") == 0 && value) {
      return accelerate::test::print_gaps(argv[++i]);
    } else if (std::strcmp(argv[i], "--verbose") == 0) {
      options.verbose = true;
    } else {
      std::fprintf(
          stderr,
          "usage: op_conformance [--op NAME] [--device NAME [--gaps FILE]] [--verbose] | --print-gaps DEVICE\n");
      return 2;
    }
  }
  try {
    return accelerate::test::Runner(options).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
