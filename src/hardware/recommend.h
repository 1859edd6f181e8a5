#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "hardware/workload.h"

namespace accelerate::hardware {

/// What a device reached on this machine, just now: the best of a few runs of a product and of a sum of long vectors.
struct Peak {
  double flops_per_s = 0;
  double bytes_per_s = 0;
};

/// One device and a workload.
struct DeviceEstimate {
  std::string backend;
  std::string device;
  bool available = false;
  /// Why not available, or why it could not be measured.
  std::string reason;
  Peak peak;
  double needed_bytes = 0;
  /// 0: the device does not say.
  double memory_bytes = 0;
  bool fits = false;
  /// The longer of work over peak and traffic over bandwidth.
  double time_ms = 0;
  /// "compute" or "memory": which of the two it is.
  std::string bound;
};

struct Recommendation {
  Workload workload;
  /// The fastest that fits first, then those that cannot serve.
  std::vector<DeviceEstimate> devices;
  /// Empty if no device can serve.
  std::string device;
  /// In words.
  std::string reason;
};

/// Measures the peaks of every available backend (a fraction of a second each; engines that compile take longer) and
/// ranks them for the workload.
Recommendation recommend(const Workload& workload);
Json to_json(const Recommendation& recommendation);

}  // namespace accelerate::hardware
