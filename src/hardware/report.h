#pragma once
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/json.h"

namespace accelerate::hardware {

/// What one backend found on this machine.
struct BackendReport {
  std::string name;
  /// False: this build has no such backend; `reason` says so.
  bool built = false;
  ProbeResult probe;
};

/// The machine and every backend whose name the device policy knows, in the policy's order; backends of the build that
/// it does not name follow. Each is asked now: nothing is assumed or remembered.
struct Report {
  std::string cpu;  // as the system calls it
  std::string isa;  // instruction set that the CPU kernels use
  int cores = 0;    // that this process may use
  uint64_t memory_bytes = 0;
  std::vector<BackendReport> backends;
};
Report report();

/// {cpu: {name, isa, cores, memory_bytes}, backends: [{name, built, available, reason, version, needs,
/// devices: [{name, description, memory_bytes, features}]}]}; reason is null if the backend is available.
Json to_json(const Report& report);

/// A small graph computed on one backend, and what came out.
struct SmokeResult {
  std::string backend;
  std::string device;
  bool passed = false;
  std::string message;  // why not
  std::vector<double> values;
  double time_ms = 0;
};
/// [[1,2],[3,4]] x [[5,6],[7,8]] on each available backend alone, compared with [[19,22],[43,50]].
std::vector<SmokeResult> smoke_test();
Json to_json(const std::vector<SmokeResult>& results);

}  // namespace accelerate::hardware
