#include <algorithm>
#include <set>
#include <sstream>

#include "ops/registry.h"
#include "tests/conformance/checks.h"
#include "tests/conformance/compare.h"

namespace accelerate::test {

bool check_device(const PreparedCase& prepared, InferenceSession& session) {
  const ops::OpCase& op_case = *prepared.op_case;
  Model model = session.load(op_case.graph());
  auto results = model.execute(op_case.inputs());
  if (results.size() != prepared.reference.size())
    fail(ErrorCode::internal, "{} results; expected {}", results.size(), prepared.reference.size());
  Tolerance tolerance{numerics_of(op_case.graph()), op_case.reduction_length(), op_case.tolerance_factor()};
  for (size_t r = 0; r < results.size(); ++r)
    if (auto wrong = difference(results[r], prepared.reference[r], tolerance))
      fail(ErrorCode::execution_failed, "result {}: {}", r, *wrong);
  const auto& placement = model.report().placement;
  return std::any_of(placement.begin(), placement.end(), [&](const PlacementReport& p) {
    return p.op == op_case.op() && p.backend == session.backend() && p.reason.empty();
  });
}

std::vector<std::string> lacking_ops(const Backend& backend) {
  std::set<std::string> has;
  for (const KernelEntry& entry : backend.kernels()) has.insert(entry.op);
  std::vector<std::string> out;
  for (const OpDef* op : ops::registry().all()) {
    bool served = op->name == "weight" || op->name == "constant" || op->is_view;
    if (!served && !has.contains(op->name)) out.push_back(op->name);
  }
  return out;
}

void check_known_gaps(const Backend& backend, const std::string& text) {
  std::set<std::string> listed;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty() && !listed.insert(line).second)
      fail(ErrorCode::invalid_argument, "known_gaps.txt of {} lists {} twice", backend.name(), line);
  }
  std::string faults;
  for (const std::string& op : lacking_ops(backend))
    if (listed.erase(op) == 0) faults += fmt::format("\n  {} has no kernel and is not listed", op);
  for (const std::string& op : listed)
    faults += fmt::format("\n  {} is listed, and has a kernel or is no op: take the line out", op);
  if (!faults.empty())
    fail(ErrorCode::invalid_argument, "known_gaps.txt of {} is not right (--print-gaps {} prints it):{}",
         backend.name(), backend.name(), faults);
}

}  // namespace accelerate::test
